//! Where everything stands: three columns of boxes, in bands below headings.

use crate::report::picture::Picture;
use crate::report::picture::chain::{Chain, Tie};
use crate::report::picture::choice::ABREAST;
use crate::report::picture::item::Item;

/// Width and height of a box, and how far boxes, columns and bands stand apart.
pub(super) const BOX: (usize, usize) = (268, 44);
const GAP: usize = 10;
const BETWEEN: usize = 70;
pub(super) const MARGIN: usize = 16;
const HEADING: usize = 28;
const BAND: usize = 12;

/// The left edges of the columns.
pub(super) const COLUMNS: [usize; 3] = [MARGIN, MARGIN + BOX.0 + BETWEEN, MARGIN + 2 * (BOX.0 + BETWEEN)];
pub(super) const WIDTH: usize = COLUMNS[2] + BOX.0 + MARGIN;

/// A box and its upper left corner.
pub(super) struct Placed<'p> {
    pub(super) item: &'p Item,
    pub(super) x: usize,
    pub(super) y: usize,
}

/// A line from the right edge of a box to the left edge of another one.
pub(super) struct Line {
    /// How it is drawn.
    pub(super) style: &'static str,
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
    /// What it says.
    pub(super) title: String,
}

#[derive(Default)]
pub(super) struct Layout<'p> {
    pub(super) headings: Vec<(usize, &'p str)>,
    pub(super) boxes: Vec<Placed<'p>>,
    pub(super) lines: Vec<Line>,
    /// Where the last band ends.
    pub(super) height: usize,
}

/// Lays a picture out, from a height on.
pub(super) fn lay_out(picture: &Picture, top: usize) -> Layout<'_> {
    let mut layout = Layout { height: top, ..Layout::default() };
    let chains: Vec<&Chain> = picture.all().collect();
    for band in chains.chunk_by(|one, next| one.heading == next.heading) {
        layout.height += if layout.headings.is_empty() { 0 } else { BAND };
        layout.headings.extend(band.first().map(|chain| (layout.height, chain.heading.as_str())));
        layout.height += HEADING;
        let (single, several): (Vec<&Chain>, Vec<&Chain>) = band.iter().partition(|chain| chain.is_single());
        for chain in several {
            layout.chain(chain);
        }
        layout.singles(&single);
    }
    layout
}

impl<'p> Layout<'p> {
    /// Boxes that nothing is tied to stand beside each other. A last row that is not full stands where its kind belongs.
    fn singles(&mut self, chains: &[&'p Chain]) {
        for row in chains.chunks(ABREAST) {
            let first = match (row.len(), row.first().is_some_and(|chain| chain.claims.is_empty())) {
                (number, true) => ABREAST - number,
                (1, false) => 1,
                _ => 0,
            };
            let items = row.iter().flat_map(|chain| chain.items());
            let y = self.height;
            self.boxes.extend(items.zip(&COLUMNS[first..]).map(|(item, x)| Placed { item, x: *x, y }));
            self.height += BOX.1 + GAP;
        }
    }

    fn chain(&mut self, chain: &'p Chain) {
        let top = self.height;
        let rows = chain.rows();
        // A column with fewer boxes than another one is centred beside it.
        let y = |column: &[Item], place: usize| top + place * (BOX.1 + GAP) + (rows - column.len()) * (BOX.1 + GAP) / 2;
        for (column, x) in [&chain.pods, &chain.claims, &chain.volumes].into_iter().zip(COLUMNS) {
            let placed = column.iter().enumerate().map(|(place, item)| Placed { item, x, y: y(column, place) });
            self.boxes.extend(placed);
        }
        let middle = |column: &[Item], place: usize| y(column, place) + BOX.1 / 2;
        for (pod, claim) in &chain.uses {
            let title = format!("{} uses {}", chain.pods[*pod].title, chain.claims[*claim].title);
            self.lines.push(Line {
                style: "edge",
                from: (COLUMNS[0] + BOX.0, middle(&chain.pods, *pod)),
                to: (COLUMNS[1], middle(&chain.claims, *claim)),
                title,
            });
        }
        for (claim, volume, tie) in &chain.ties {
            let (style, what) = drawn(*tie);
            let title = format!("{} {what} {}", chain.claims[*claim].title, chain.volumes[*volume].title);
            self.lines.push(Line {
                style,
                from: (COLUMNS[1] + BOX.0, middle(&chain.claims, *claim)),
                to: (COLUMNS[2], middle(&chain.volumes, *volume)),
                title,
            });
        }
        self.height += rows * (BOX.1 + GAP);
    }
}

/// How a tie is drawn, and what it says between a claim and a volume.
pub(super) fn drawn(tie: Tie) -> (&'static str, &'static str) {
    match tie {
        Tie::Bound => ("tie", "is bound to"),
        Tie::Named => ("named", "is not bound to, and one names the other:"),
        Tie::Former => ("former", "has the name of the former claim of"),
        Tie::Broken => ("broken", "has lost"),
    }
}
