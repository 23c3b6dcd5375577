//! The colours of classes. A colour is never all that tells: the name of the class stands in every box, too.

use std::collections::BTreeSet;

use crate::model::text::Text;
use crate::report::picture::chain::Chain;
use crate::report::picture::label::natural;

/// How pictures look, in the light and in the dark. Plain colours, since not every reader of SVG knows variables.
pub(in crate::report) const STYLE: &str = include_str!("style.css");

/// How many colours there are. Where there are more classes they are used again.
const COLOURS: usize = 8;

/// The classes of a picture in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Palette {
    classes: Vec<Text>,
}

impl Palette {
    pub(super) fn of(chains: &[Chain], folds: &[Chain]) -> Self {
        let items = chains.iter().chain(folds).flat_map(Chain::items);
        let named: BTreeSet<&Text> =
            items.filter_map(|item| item.class.as_ref()).filter(|name| !name.is_empty()).collect();
        let mut classes: Vec<Text> = named.into_iter().cloned().collect();
        classes.sort_by_cached_key(|class| natural(class));
        Self { classes }
    }

    pub(super) fn classes(&self) -> &[Text] {
        &self.classes
    }

    /// The name by which the style knows the colour of a class.
    pub(super) fn colour(&self, class: &Text) -> String {
        let place = self.classes.iter().position(|known| known == class);
        place.map_or_else(|| "k".to_owned(), |place| format!("k{}", place % COLOURS))
    }
}
