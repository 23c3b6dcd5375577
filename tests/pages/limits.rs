//! Hostile names, and clusters that are too large to draw.

use std::fmt::Write;

use bindery::explain::Step;
use bindery::report::{Page, Picture};
use bindery::synthetic::Synthetic;
use bindery::{Cluster, Json, Kind};

use crate::{markup, settled};

/// What would break out of a text, an attribute, a style, a shell's quotes and a chart's label.
const HOSTILE: &str =
    "</style></title></svg><script>alert(1)</script>\\\" onload=\\\"x'; $(touch x) #quot;`]--><!--\\u001b\\u202e";

#[test]
fn nothing_that_a_manifest_says_becomes_markup_or_a_command() {
    let text = format!(
        r#"
{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: pv-1, uid: u-1, annotations: {{a: "{HOSTILE}"}}}}, spec: {{capacity: {{storage: 5Gi}},
 accessModes: [ReadWriteOnce], storageClassName: "{HOSTILE}", nfs: {{server: s, path: /p}}}}, status: {{phase: "{HOSTILE}", message: "{HOSTILE}"}}}}
---
{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: "{HOSTILE}", namespace: default, uid: u-2, annotations: {{a: "{HOSTILE}"}}}},
 spec: {{accessModes: [ReadWriteOnce], storageClassName: "{HOSTILE}x", resources: {{requests: {{storage: 5Gi}}}}}}}}
---
{{apiVersion: v1, kind: Pod, metadata: {{name: "p{HOSTILE}", namespace: default, uid: u-3}}, spec: {{containers: [{{name: c, image: i}}],
 volumes: [{{name: v, persistentVolumeClaim: {{claimName: "{HOSTILE}"}}}}]}}}}
"#
    );
    let cluster = settled(&text);
    let html = Page::new("</title><script>").note("<em>").milestone(0, "<script>").to_html(&cluster);
    let elements = markup::check("hostile", html.strip_prefix("<!DOCTYPE html>\n").expect("a document type"));
    assert!(!elements.iter().any(|element| element == "script" || element == "em"));
    assert!(
        html.contains("&lt;/style&gt;&lt;/title&gt;&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=")
    );
    let picture = Picture::of(&cluster);
    let elements = markup::check("hostile", &picture.to_svg());
    assert!(!elements.iter().any(|element| element == "script"));
    for line in picture.to_mermaid().lines() {
        assert!(line.matches('"').count().is_multiple_of(2), "{line}");
        assert!(!line.contains(['`', '\'', '$', '\u{1b}', '\u{202e}']), "{line}");
        assert!(!line.contains("<script") && !line.contains("</"), "{line}");
    }
}

/// What is to be copied into a shell has odd names between quotes, and quotes in them do not end them.
#[test]
fn a_script_is_what_it_says_whatever_the_names_are() {
    let object = Kind::PersistentVolume.named("x'; $(touch y)");
    let step = Step::Patch { object, patch: Json::String("it's".into()) };
    assert_eq!(step.script(), r#"kubectl patch pv 'x'\''; $(touch y)' --type=merge -p '"it'\''s"'"#);
}

fn large(volumes: u64, claims: u64) -> Cluster {
    let mut cluster = Cluster::default();
    for object in Synthetic::new(volumes, claims, 7).objects() {
        cluster.create(object).expect("a new object");
    }
    cluster.settle().expect("quiet");
    cluster
}

/// What the picture says in words that it shows.
fn shown(cluster: &Cluster) -> String {
    let svg = Picture::of(cluster).to_svg();
    markup::check("large", &svg);
    let (_, text) = svg.split_once("<desc id=\"picture-text\">").expect("a description");
    text.split_once(';').expect("two parts").0.to_owned()
}

#[test]
fn a_large_cluster_is_counted_whole_on_a_page_of_bounded_size() {
    let (small, large) = (large(600, 500), large(3000, 2500));
    assert_eq!(shown(&small), "0 pods on the left, 500 claims in the middle, 600 volumes on the right");
    assert_eq!(shown(&large), "0 pods on the left, 2,500 claims in the middle, 3,000 volumes on the right");
    let page = |cluster: &Cluster| Page::new("large").to_html(cluster);
    let html = page(&large);
    markup::check("large", html.strip_prefix("<!DOCTYPE html>\n").expect("a document type"));
    // Five times the objects make hardly more of a page.
    assert!(html.len() < 1_000_000 && html.len() < page(&small).len() * 3 / 2, "{}", html.len());
    let picture = Picture::of(&large);
    assert!(html.contains(&picture.left_out().expect("something")));
    assert!(picture.to_svg().len() < 100_000, "{}", picture.to_svg().len());
    for text in [" have no lane.", "The first 300 of 3,000 volumes as a table", " are not listed."] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn claims_that_wait_for_the_same_reason_are_told_of_once() {
    let claim = |number: usize| {
        format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data-{number}}}, spec: {{accessModes: \
             [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}\n---\n"
        )
    };
    let cluster = settled(&(0..230).map(claim).collect::<String>());
    let html = Page::new("alike").to_html(&cluster);
    assert_eq!(html.matches("<article>").count(), 1);
    assert!(html.contains("<span>default/data-0</span>") && html.contains(">and 199 more</span>"), "{html}");
    assert!(html.contains("199 more claims of this namespace wait for the same reason: data-1, data-2,"));
    assert!(html.contains("30 more claims are not explained here; bindery explain tells of each."), "{html}");
}

/// Mermaid draws charts of at most 50,000 letters and 500 edges.
#[test]
fn a_chart_stays_within_what_mermaid_draws() {
    let long = "n".repeat(200);
    let mut text = String::new();
    for number in 0..60 {
        let _ = write!(
            text,
            "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: v{long}{number}}}, spec: {{capacity: {{storage: 1Gi}}, \
             accessModes: [ReadWriteOnce], storageClassName: c{long}{number}, nfs: {{server: s, path: /p{number}}}}}}}\n---\n\
             {{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: c{long}{number}}}, spec: {{accessModes: \
             [ReadWriteOnce], storageClassName: c{long}{number}, resources: {{requests: {{storage: 1Gi}}}}}}}}\n---\n"
        );
    }
    // Pods that share everything make one chain with as many uses as there can be.
    for number in 0..12 {
        let volumes: Vec<String> = (0..20)
            .map(|claim| format!("{{name: v{claim}, persistentVolumeClaim: {{claimName: c{long}{claim}}}}}"))
            .collect();
        let _ = write!(
            text,
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p{long}{number}}}, spec: {{containers: [{{name: c, image: i}}], \
             volumes: [{}]}}}}\n---\n",
            volumes.join(", ")
        );
    }
    let cluster = settled(&text);
    let chart = Picture::of(&cluster).to_mermaid();
    let edges = chart.lines().filter(|line| ["-->", "==>", "-.-", ".->"].iter().any(|arrow| line.contains(arrow)));
    let edges = edges.count();
    assert!(chart.len() < 50_000 && edges < 500, "{} letters, {edges} edges", chart.len());
    assert!(edges > 100, "{edges}");
    assert_eq!(cluster.count(Kind::Pod), 12);
    let words = shown(&cluster);
    assert_eq!(words, "12 pods on the left, 60 claims in the middle, 60 volumes on the right");
}

#[test]
fn an_empty_cluster_has_a_page_a_picture_and_a_chart() {
    let cluster = Cluster::default();
    let html = Page::new("").to_html(&cluster);
    markup::check("empty", html.strip_prefix("<!DOCTYPE html>\n").expect("a document type"));
    assert!(html.contains("There are no claims."));
    markup::check("empty", &Picture::of(&cluster).to_svg());
    assert!(Picture::of(&cluster).to_mermaid().starts_with("flowchart LR\n"));
}
