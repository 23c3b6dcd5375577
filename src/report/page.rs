//! A cluster and its journal as one page of HTML that needs nothing but itself.
//!
//! No script, nothing from the network: the page forbids both to itself. It reads well on a phone, in the dark, on
//! paper and aloud; what a picture shows stands in a table, too. However large the cluster, the page stays of a size
//! that a browser bears: what it leaves out it counts.

mod claims;
mod journal;
mod lanes;
mod pods;
mod summary;
mod tables;
mod timeline;

use std::time::Duration;

use crate::cluster::Cluster;
use crate::model::duration;
use crate::model::text::Text;
use crate::report::markup::{Attribute, Markup};
use crate::report::page::journal::Journal;
use crate::report::page::lanes::Timeline;
use crate::report::picture::{Picture, STYLE as PICTURE_STYLE, count};

/// How the page looks; how pictures look they say themselves.
const STYLE: &str = include_str!("page/style.css");
/// What browsers may do for this page: show it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A page about a cluster: a summary, who binds to whom as a picture, a timeline of phases and writes, why claims do
/// not bind and what would help, events.
///
/// ```
/// use bindery::report::Page;
/// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
///
/// let mut cluster = Cluster::default();
/// cluster.create(PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.create(PersistentVolumeClaim::new("default", "data", "8Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.settle()?;
/// let html = Page::new("My cluster").to_html(&cluster);
/// assert!(html.contains("Ask for 5Gi instead of 8Gi; it binds to pv-1."));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: Text,
    notes: Vec<Text>,
    milestones: Vec<(usize, Text)>,
}

impl Page {
    /// A page with this heading.
    pub fn new(title: impl Into<Text>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Says something below the heading, such as what was assumed.
    #[must_use]
    pub fn note(mut self, note: impl Into<Text>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Marks on the timeline that something was done when the journal had so many entries, such as a step of a scenario.
    /// Milestones are given in order.
    #[must_use]
    pub fn milestone(mut self, entries: usize, what: impl Into<Text>) -> Self {
        self.milestones.push((entries, what.into()));
        self
    }

    /// The page as HTML, which is XML as well. The same cluster gives the same bytes.
    ///
    /// Cost: that of [`Cluster::explain`] for at most 24 claims, and that of [`Cluster::explain_briefly`] for at most 200;
    /// besides linear in the journal, and n log n in the objects.
    pub fn to_html(&self, cluster: &Cluster) -> String {
        let picture = Picture::of(cluster);
        let timeline = Timeline::of(cluster, &picture, &self.milestones);
        let journal = Journal::of(cluster, &timeline);
        let mut page = Markup::default();
        page.literal("<!DOCTYPE html>\n");
        page.element("html", &[("lang", &"en")], |html| {
            html.element("head", &[], |head| self.head(head));
            html.element("body", &[], |body| {
                self.header(cluster, body);
                body.element("main", &[], |main| {
                    summary::section(cluster, main);
                    picture_section(cluster, &picture, main);
                    claims::section(cluster, main);
                    pods::section(cluster, main);
                    timeline::section(&timeline, &journal, main);
                    journal::section(&journal, &self.milestones, main);
                    journal::events(cluster, main);
                });
                body.element("footer", &[], |footer| {
                    footer.line("p", &[], concat!("Simulated by bindery ", env!("CARGO_PKG_VERSION"), "."));
                });
            });
        });
        page.into_text()
    }

    fn head(&self, head: &mut Markup) {
        head.void("meta", &[("charset", &"utf-8")]);
        head.void("meta", &[("name", &"viewport"), ("content", &"width=device-width, initial-scale=1")]);
        head.void("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &POLICY)]);
        head.void("meta", &[("name", &"color-scheme"), ("content", &"light dark")]);
        head.void("meta", &[("name", &"generator"), ("content", &concat!("bindery ", env!("CARGO_PKG_VERSION")))]);
        head.line("title", &[], &self.title);
        head.element("style", &[], |style| {
            style.literal(STYLE).literal(PICTURE_STYLE);
        });
    }

    fn header(&self, cluster: &Cluster, body: &mut Markup) {
        body.element("header", &[], |header| {
            header.line("h1", &[], &self.title);
            header.line("p", &[("class", &"verdict")], summary::verdict(cluster));
            let entries = cluster.journal().iter();
            let writes = entries.filter(|entry| entry.write().is_some()).count();
            let line = format!(
                "Kubernetes 1.36, simulated: {} in {} of virtual time, until {}.",
                count(writes, "write"),
                moment(cluster.elapsed()),
                cluster.time(),
            );
            header.line("p", &[("class", &"muted")], line);
            if !self.notes.is_empty() {
                header.element("ul", &[("class", &"notes")], |list| {
                    self.notes.iter().for_each(|note| {
                        list.line("li", &[], note);
                    });
                });
            }
            header.element("nav", &[("aria-label", &"Sections")], |nav| {
                nav.element("ul", &[], |list| {
                    for (target, text) in [
                        ("#picture", "Who binds to whom"),
                        ("#claims", "Claims"),
                        ("#pods", "Pods"),
                        ("#timeline", "Timeline"),
                        ("#writes", "Writes"),
                        ("#events", "Events"),
                    ] {
                        list.element("li", &[], |item| {
                            item.line("a", &[("href", &target)], text);
                        });
                    }
                });
            });
        });
    }
}

fn picture_section(cluster: &Cluster, picture: &Picture, main: &mut Markup) {
    section(main, "picture", "Who binds to whom", |section| {
        frame(section, "scroll fit", "Picture of pods, claims and volumes", |frame| {
            frame.insert(&picture.inline());
        });
        tables::objects(cluster, section);
    });
}

/// A section with a heading.
fn section(main: &mut Markup, id: &'static str, heading: &str, inside: impl FnOnce(&mut Markup)) {
    let label = format!("{id}-heading");
    main.element("section", &[("id", &id), ("aria-labelledby", &label)], |section| {
        section.line("h2", &[("id", &label)], heading);
        inside(section);
    });
}

/// A frame that scrolls when what is in it is wider than the page, with the keyboard as well.
fn scrolling(markup: &mut Markup, label: &str, inside: impl FnOnce(&mut Markup)) {
    frame(markup, "scroll", label, inside);
}

/// A frame that scrolls, by the name that the style has for its kind.
fn frame(markup: &mut Markup, class: &'static str, label: &str, inside: impl FnOnce(&mut Markup)) {
    let attributes: [Attribute<'_>; 4] =
        [("class", &class), ("role", &"region"), ("aria-label", &label), ("tabindex", &"0")];
    markup.element("div", &attributes, inside);
}

/// Virtual time since the start of the cluster, exactly.
fn moment(time: Duration) -> String {
    if time.is_zero() { "0s".to_owned() } else { duration::write(time) }
}
