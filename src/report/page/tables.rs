//! Tables: what the pictures show, for whoever reads or listens.

use crate::cluster::Cluster;
use crate::explain::thousands;
use crate::model::kind::Kind;
use crate::report::markup::Markup;
use crate::report::page::scrolling;
use crate::report::tables::{Query, tables};

/// How many rows a table of objects has at most.
const ROWS: usize = 300;
/// From how many objects on no table is made: it takes time to make, and nobody would see its rows.
const MANY: usize = 100_000;

/// The claims, volumes and classes as `kubectl get` shows them, folded.
pub(super) fn objects(cluster: &Cluster, section: &mut Markup) {
    for (kind, name) in [
        (Kind::PersistentVolumeClaim, "claims"),
        (Kind::PersistentVolume, "volumes"),
        (Kind::StorageClass, "classes"),
        (Kind::Pod, "pods"),
    ] {
        let number = cluster.count(kind);
        if number == 0 || number > MANY {
            continue;
        }
        let Some(table) = tables(cluster, &Query::kinds([kind])).into_iter().next() else {
            continue;
        };
        let shown = table.rows.len().min(ROWS);
        let summary = if shown < number {
            format!("The first {} of {} {name} as a table", thousands(shown), thousands(number))
        } else {
            format!("The {name} as a table")
        };
        section.element("details", &[], |details| {
            details.line("summary", &[], &summary);
            scrolling(details, &summary, |frame| {
                let header: Vec<&str> = table.header.iter().map(String::as_str).collect();
                // The first column is the name, after the namespace where there is one.
                let name = table.column("NAME").unwrap_or_default();
                frame.element("table", &[], |html| {
                    head(html, &header);
                    html.element("tbody", &[], |body| {
                        for row in table.rows.iter().take(ROWS) {
                            body.element("tr", &[], |line| {
                                for (place, cell) in row.iter().enumerate() {
                                    if place == name {
                                        line.line("th", &[("scope", &"row"), ("class", &"tight")], cell);
                                    } else {
                                        line.line("td", &[("class", &"tight")], cell);
                                    }
                                }
                            });
                        }
                    });
                });
            });
        });
    }
}

/// The header of a table.
pub(super) fn head(table: &mut Markup, columns: &[&str]) {
    table.element("thead", &[], |head| {
        head.element("tr", &[], |row| {
            for column in columns {
                row.line("th", &[("scope", &"col")], column);
            }
        });
    });
}
