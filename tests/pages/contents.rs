//! What stands in a page, a picture and a chart.

use bindery::report::{Page, Picture};
use bindery::{Cluster, Kind};

use crate::{fixture, markup, played, settled};

#[test]
fn a_page_says_what_it_is_of_how_it_is_why_claims_wait_and_what_would_help() {
    let cluster = settled(&fixture("questions/2-class-typo/input.yaml"));
    let html = Page::new("Two claims & a volume").note("Nothing was assumed.").to_html(&cluster);
    for part in [
        "<title>Two claims &amp; a volume</title>",
        "<h1>Two claims &amp; a volume</h1>",
        "<p class=\"verdict\">2 of 2 claims are not Bound.</p>",
        "<li>Nothing was assumed.</li>",
        "<span class=\"pill waits\">2 Pending</span>",
        "<span class=\"pill free\">1 Available</span>",
        "<h3><span>default/typo</span>",
        "storageclass.storage.k8s.io &quot;standrad&quot; not found, and no volume of that class fits (did you mean standard?).",
        "<li>1 too small, the largest is 5Gi (pv-manual)</li>",
        "Let pv-manual have 8Gi instead of 5Gi, and give pv-manual the class standrad; it binds to pv-manual.",
        "kubectl patch pv pv-manual --type=merge -p &#39;{&quot;spec&quot;:{&quot;capacity&quot;:{&quot;storage&quot;:&quot;8Gi&quot;},&quot;storageClassName&quot;:&quot;standrad&quot;}}&#39;",
        "kubectl delete pvc typo -n default\nkubectl apply -f - &lt;&lt;&#39;END&#39;\napiVersion: v1\nkind: PersistentVolumeClaim\n",
        "<td class=\"tight\">ProvisioningFailed</td>",
        "<th scope=\"col\">STORAGECLASS</th>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn a_page_needs_nothing_but_itself() {
    let html = Page::new("alone").to_html(&settled(&fixture("questions/2-class-typo/input.yaml")));
    assert!(html.contains("content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;;"));
    assert!(html.contains("name=\"viewport\" content=\"width=device-width, initial-scale=1\""));
    assert!(html.contains("@media (prefers-color-scheme:dark)") && html.contains("@media print"));
    for word in ["<script", "<link", "<img", "<iframe", "http://", "https://", "url(", "@import"] {
        assert!(!html.contains(word), "{word}");
    }
    let elements = markup::check("alone", html.strip_prefix("<!DOCTYPE html>\n").expect("a document type"));
    for element in ["header", "nav", "main", "section", "article", "footer", "svg", "desc", "table", "thead"] {
        assert!(elements.iter().any(|known| known == element), "{element}");
    }
}

#[test]
fn the_timeline_has_a_lane_for_each_object_and_its_phases_and_a_mark_for_each_write() {
    let cluster = played("1-mysql-static.yaml");
    let html = Page::new("mysql").milestone(0, "the beginning").to_html(&cluster);
    // It was bound, deleted, created again and bound again.
    let phases = "PersistentVolumeClaim default/mypvc: Pending, then Bound, then Pending, then Bound.";
    assert!(html.contains(phases), "{html}");
    let of_storage = |kind: Kind| [Kind::PersistentVolume, Kind::PersistentVolumeClaim].contains(&kind);
    let mut binding = 0;
    for (number, write) in cluster.journal().iter().filter_map(|entry| entry.write()).enumerate() {
        let row = format!("<tr id=\"w{}\">", number + 1);
        assert!(html.contains(&row), "{row}");
        if write.object().is_some_and(|object| of_storage(object.kind())) {
            let mark = format!("href=\"#w{}\"", number + 1);
            assert_eq!(html.matches(&mark).count(), 1, "{mark}");
            let title = format!("Write {} at 0s: {} by {}", number + 1, write.verb.as_str(), write.actor.as_str());
            assert!(write.time.as_secs() > 0 || html.contains(&title), "{title}");
        }
        binding += usize::from(write.rule == "BIND-1");
    }
    assert!(binding > 0);
    assert!(html.contains("status.phase: &quot;Pending&quot; -&gt; &quot;Bound&quot;"));
    assert!(html.contains("<td colspan=\"6\">Step 1: the beginning</td>"));
}

#[test]
fn what_is_gone_and_came_again_is_on_the_timeline() {
    let mut cluster = settled(&fixture("mysql/volume.yaml"));
    cluster.apply_yaml(&fixture("mysql/claim.yaml")).expect("a claim");
    cluster.settle().expect("quiet");
    cluster.delete(&Kind::PersistentVolumeClaim.named("default/mypvc")).expect("it goes");
    cluster.settle().expect("quiet");
    let gone = Page::new("gone").to_html(&cluster);
    assert!(gone.contains("PersistentVolumeClaim default/mypvc: Pending, then Bound."), "{gone}");
    assert!(gone.contains("PersistentVolume my-pv: Pending, then Available, then Bound, then Released."));
    cluster.apply_yaml(&fixture("mysql/claim.yaml")).expect("a claim");
    cluster.settle().expect("quiet");
    let again = Page::new("again").to_html(&cluster);
    assert!(again.contains("PersistentVolumeClaim default/mypvc: Pending, then Bound, then Pending."), "{again}");
    assert!(again.contains("mypvc has the name of the former claim of my-pv"));
}

#[test]
fn pods_that_wait_are_listed_with_what_they_wait_for() {
    let cluster = settled(&fixture("questions/3-wait-for-first-consumer/input.yaml"));
    let html = Page::new("pods").to_html(&cluster);
    let waiting: Vec<_> = cluster.pods().filter(|pod| !pod.is_ready()).collect();
    assert!(!waiting.is_empty());
    for pod in waiting {
        let verdict = cluster.explain_pod(&pod.key().to_string()).expect("a pod").pod.message;
        let row = format!("<th scope=\"row\">{}</th>", pod.key());
        assert!(html.contains(&row) && !verdict.is_empty(), "{row}");
        assert!(html.contains(&verdict.replace('"', "&quot;").replace('\'', "&#39;")), "{verdict}");
    }
}

/// The chart of a cluster with everything in it that a chart can show.
const CHART: &str = r#"flowchart LR
  c0["PersistentVolumeClaim default/named<br/>Pending, 1Gi RWO"]:::waits
  v0[("PersistentVolume nowhere<br/>does not exist")]:::bad
  c0 -. "named, not bound" .-> v0
  p0(["Pod default/web<br/>Pending, no node"]):::waits
  c1["PersistentVolumeClaim default/data<br/>Bound, 1Gi RWO"]:::good
  c2["PersistentVolumeClaim default/not-there<br/>does not exist"]:::bad
  v1[("PersistentVolume pv-1<br/>Bound, 2Gi RWO")]:::good
  p0 --> c1
  p0 --> c2
  c1 ==> v1
  v1 -.- s0
  c3["PersistentVolumeClaim default/waits<br/>Pending, 1Gi RWO"]:::waits
  c3 -.- s1
  v2[("PersistentVolume pv-2<br/>Available, 1Gi RWO")]:::free
  s0{{"StorageClass fast"}}:::plain
  s1{{"StorageClass odd#35;#59;#34;#93;#96;"}}:::plain
  classDef bad fill:#fdecea,stroke:#b3261e,color:#1b1f24
  classDef waits fill:#fff4dc,stroke:#9a6200,color:#1b1f24
  classDef good fill:#edf8f0,stroke:#1f7344,color:#1b1f24
  classDef free fill:#eaf3fc,stroke:#2a67a8,color:#1b1f24
  classDef plain fill:#f3f4f6,stroke:#6b7280,color:#1b1f24
"#;

fn world() -> Cluster {
    let volume = |name: &str, size: &str, class: &str| {
        format!(
            "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: {name}}}, spec: {{capacity: {{storage: {size}}}, \
             accessModes: [ReadWriteOnce], storageClassName: '{class}', nfs: {{server: s, path: /{name}}}}}}}\n---\n"
        )
    };
    let claim = |name: &str, more: &str| {
        format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{accessModes: [ReadWriteOnce], \
             resources: {{requests: {{storage: 1Gi}}}}, {more}}}}}\n---\n"
        )
    };
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: i}], volumes: [{name: d, \
               persistentVolumeClaim: {claimName: data}}, {name: e, persistentVolumeClaim: {claimName: not-there}}]}}\n";
    let mut cluster = settled(
        &[
            volume("pv-1", "2Gi", "fast"),
            volume("pv-2", "1Gi", ""),
            claim("data", "storageClassName: fast"),
            claim("named", "storageClassName: '', volumeName: nowhere"),
            pod.to_owned(),
        ]
        .concat(),
    );
    // Names that no API server lets in can be restored.
    let odd = claim("waits", "storageClassName: 'odd#;\"]`'")
        .replace("{name: waits}", "{name: waits, namespace: default, uid: u-1}");
    cluster.restore_yaml(odd.trim_end_matches("---\n")).expect("a dump");
    cluster.settle().expect("quiet");
    cluster
}

#[test]
fn the_chart_is_mermaid() {
    assert_eq!(Picture::of(&world()).to_mermaid(), CHART);
}

#[test]
fn the_picture_has_a_box_for_each_object_and_a_line_for_each_tie() {
    let svg = Picture::of(&world()).to_svg();
    markup::check("world", &svg);
    for title in [
        "<title>Pod default/web · Pending · no node</title>",
        "<title>PersistentVolumeClaim default/data · Bound · 1Gi RWO · fast</title>",
        "<title>PersistentVolume pv-2 · Available · 1Gi RWO · no class</title>",
        "<title>web uses data</title>",
        "<title>web uses not-there</title>",
        "<title>data is bound to pv-1</title>",
        "<title>named is not bound to, and one names the other: nowhere</title>",
        "class odd#;&quot;]`</text>",
    ] {
        assert_eq!(svg.matches(title).count(), 1, "{title}\n{svg}");
    }
    assert!(svg.contains("@media (prefers-color-scheme:dark)"));
    assert!(svg.contains("role=\"img\" aria-labelledby=\"picture-title picture-text\""));
}
