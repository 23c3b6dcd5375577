//! Who binds to whom, as a picture: pods on the left, claims in the middle, volumes on the right.
//!
//! A picture is data first: chains of what belongs together, those in trouble before the others. It is drawn as SVG or
//! written as Mermaid. It stays of a size that can be looked at: what goes beyond is folded into boxes that say how many
//! they stand for, so that every claim and every volume of the cluster is counted somewhere.

mod chain;
mod choice;
mod item;
mod label;
mod layout;
mod mermaid;
mod palette;
mod svg;
mod tone;

use crate::cluster::Cluster;

pub(super) use crate::report::picture::chain::Chain;
pub(super) use crate::report::picture::item::Item;
pub(super) use crate::report::picture::label::{count, shortened};
pub(super) use crate::report::picture::palette::STYLE;
pub(super) use crate::report::picture::tone::{Tone, claim_tone, volume_tone};

use crate::report::picture::choice::choose;
use crate::report::picture::palette::Palette;

/// How many rows a picture has, if nothing else is said.
const ROWS: usize = 40;

/// Who binds to whom in a cluster.
///
/// ```
/// use bindery::report::Picture;
/// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
///
/// let mut cluster = Cluster::default();
/// cluster.create(PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.settle()?;
/// let picture = Picture::of(&cluster);
/// assert!(picture.to_mermaid().contains("c0 ==> v0"));
/// assert!(picture.to_svg().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Picture {
    /// What is drawn one by one, what belongs to one workload together.
    pub(super) chains: Vec<Chain>,
    /// What is drawn as a number, above everything else: where there are too many, numbers are the overview.
    folds: Vec<Chain>,
    palette: Palette,
    /// Pods that use no claim, which are not drawn.
    others: usize,
}

impl Picture {
    /// The picture of a cluster, with at most 40 rows of boxes. Cost: n log n in the numbers of volumes, claims and pods.
    pub fn of(cluster: &Cluster) -> Self {
        Self::with_rows(cluster, ROWS)
    }

    /// The same with another number of rows. What finds no place is folded.
    pub fn with_rows(cluster: &Cluster, rows: usize) -> Self {
        let (found, others) = chain::find(cluster);
        let (chains, folds) = choose(found, rows);
        let palette = Palette::of(&chains, &folds);
        Self { chains, folds, palette, others }
    }

    /// The picture as SVG that stands alone, light or dark as its reader prefers.
    pub fn to_svg(&self) -> String {
        svg::alone(self)
    }

    /// The picture as a Mermaid flowchart.
    pub fn to_mermaid(&self) -> String {
        mermaid::flowchart(self)
    }

    /// What is not drawn one by one, in a sentence; nothing where all is.
    pub fn left_out(&self) -> Option<String> {
        let mut parts = Vec::new();
        let folded = |column: fn(&Chain) -> &Vec<Item>| {
            let items = self.all().flat_map(column);
            items.filter(|item| item.object.is_none()).map(|item| item.count).sum::<usize>()
        };
        let (pods, claims, volumes) =
            (folded(|chain| &chain.pods), folded(|chain| &chain.claims), folded(|chain| &chain.volumes));
        for (number, noun) in [(pods, "pod"), (claims, "claim"), (volumes, "volume")] {
            if number > 0 {
                parts.push(count(number, noun));
            }
        }
        let folded = (!parts.is_empty()).then(|| {
            let (end, before) =
                parts.split_last().map_or(("", &[] as &[String]), |(end, before)| (end.as_str(), before));
            let list = if before.is_empty() { end.to_owned() } else { format!("{} and {end}", before.join(", ")) };
            format!("{list} are drawn as numbers, not one by one.")
        });
        let others = (self.others > 0).then(|| {
            let uses = if self.others == 1 { "uses no claim and is" } else { "use no claims and are" };
            format!("{} {uses} not drawn.", count(self.others, "pod"))
        });
        let all: Vec<String> = folded.into_iter().chain(others).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }

    /// Everything that is drawn, from the top.
    fn all(&self) -> impl Iterator<Item = &Chain> {
        self.folds.iter().chain(&self.chains)
    }

    /// The picture inside of a page that has its style.
    pub(super) fn inline(&self) -> crate::report::markup::Markup {
        svg::inline(self)
    }
}
