//! Claims in the order of their creation, of which the earliest with a small enough request is found at once.
//!
//! A search tree by creation in which every node knows the least request at or below it: a tournament that may be
//! played among those created after any point. It is a treap: the priorities are hashed from the keys, so that the tree
//! is balanced whatever the order of insertion, and has the same shape for the same content.

use crate::model::arena::Arena;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::quantity::Size;

type ClaimId = Id<PersistentVolumeClaim>;

/// No node.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Node {
    created: Sequence,
    claim: ClaimId,
    request: Size,
    /// The least request in the tree below, this node included.
    least: Size,
    left: u32,
    right: u32,
}

impl Node {
    /// Nodes of higher priority stand higher: a fixed hash of the key (the finalizer of `SplitMix64`).
    fn priority(&self) -> u64 {
        let mixed = self.created.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Claims by creation. Every operation takes time logarithmic in their number.
#[derive(Clone, Debug)]
pub(super) struct Tournament {
    nodes: Arena<Node>,
    /// Nodes that are used again, as a list through `left`.
    unused: u32,
    root: u32,
}

impl Default for Tournament {
    fn default() -> Self {
        Self { nodes: Arena::default(), unused: NONE, root: NONE }
    }
}

impl Tournament {
    pub(super) fn is_empty(&self) -> bool {
        self.root == NONE
    }

    /// Adds a claim. Its place in the order of creation must be free.
    pub(super) fn insert(&mut self, created: Sequence, claim: ClaimId, request: Size) {
        let node = Node { created, claim, least: request.clone(), request, left: NONE, right: NONE };
        let at = self.store(node);
        let (before, after) = self.split(self.root, created);
        let joined = self.join(before, at);
        self.root = self.join(joined, after);
    }

    /// Takes a claim out. Does nothing where there is none of that creation.
    pub(super) fn remove(&mut self, created: Sequence) {
        let (before, rest) = self.split(self.root, created);
        let (found, after) = self.split(rest, Sequence(created.0.saturating_add(1)));
        self.root = self.join(before, after);
        if let Some(node) = self.nodes.get_mut(found as usize) {
            node.left = self.unused;
            self.unused = found;
        }
    }

    /// The earliest claim created after a point that asks for no more than a size.
    pub(super) fn first(&self, after: Sequence, most: &Size) -> Option<(Sequence, ClaimId)> {
        self.first_below(self.root, after, most)
    }

    /// All claims in the order of their creation.
    pub(super) fn iter(&self) -> impl Iterator<Item = ClaimId> {
        let mut path = Vec::new();
        let mut at = self.root;
        std::iter::from_fn(move || {
            while let Some(node) = self.node(at) {
                path.push(at);
                at = node.left;
            }
            let node = self.node(path.pop()?)?;
            at = node.right;
            Some(node.claim)
        })
    }

    fn first_below(&self, at: u32, after: Sequence, most: &Size) -> Option<(Sequence, ClaimId)> {
        let node = self.node(at).filter(|node| node.least <= *most)?;
        if node.created <= after {
            return self.first_below(node.right, after, most);
        }
        self.first_below(node.left, after, most)
            .or_else(|| (node.request <= *most).then_some((node.created, node.claim)))
            .or_else(|| self.first_below(node.right, after, most))
    }

    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    fn store(&mut self, node: Node) -> u32 {
        let at = self.unused;
        match self.nodes.get_mut(at as usize) {
            Some(place) => {
                self.unused = place.left;
                *place = node;
                at
            }
            None => u32::try_from(self.nodes.push(node)).unwrap_or(NONE),
        }
    }

    /// Splits a tree into what was created before a point and the rest.
    fn split(&mut self, at: u32, point: Sequence) -> (u32, u32) {
        let Some(node) = self.node(at) else {
            return (NONE, NONE);
        };
        let (left, right) = (node.left, node.right);
        if node.created < point {
            let (middle, after) = self.split(right, point);
            self.link(at, left, middle);
            (at, after)
        } else {
            let (before, middle) = self.split(left, point);
            self.link(at, middle, right);
            (before, at)
        }
    }

    /// Joins two trees, all of the first created before all of the second.
    fn join(&mut self, before: u32, after: u32) -> u32 {
        let (Some(first), Some(second)) = (self.node(before), self.node(after)) else {
            return if before == NONE { after } else { before };
        };
        if first.priority() > second.priority() {
            let (left, right) = (first.left, first.right);
            let joined = self.join(right, after);
            self.link(before, left, joined);
            before
        } else {
            let (left, right) = (second.left, second.right);
            let joined = self.join(before, left);
            self.link(after, joined, right);
            after
        }
    }

    /// Gives a node its children, and works out the least request again.
    fn link(&mut self, at: u32, left: u32, right: u32) {
        let below = [left, right].map(|child| self.node(child).map(|child| child.least.clone()));
        if let Some(node) = self.nodes.get_mut(at as usize) {
            (node.left, node.right) = (left, right);
            node.least = below.into_iter().flatten().fold(node.request.clone(), Size::min);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Tournament, *};
    use crate::model::quantity::Quantity;

    fn size(bytes: i64) -> Size {
        Quantity::from_bytes(bytes).size()
    }

    proptest! {
        /// It finds what a scan in the order of creation finds, whatever was added and taken out before.
        #[test]
        fn the_tournament_finds_what_a_scan_finds(
            steps in prop::collection::vec((0..40u64, prop::option::of(0..20i64)), 0..120),
            queries in prop::collection::vec((0..41u64, 0..21i64), 0..40),
        ) {
            let mut tournament = Tournament::default();
            let mut plain = std::collections::BTreeMap::new();
            for (created, request) in steps {
                tournament.remove(Sequence(created));
                plain.remove(&created);
                if let Some(request) = request {
                    tournament.insert(Sequence(created), Id::from_number(7), size(request));
                    plain.insert(created, request);
                }
                prop_assert_eq!(tournament.iter().count(), plain.len());
            }
            for (after, most) in queries {
                let expected = plain.iter().find(|(created, request)| **created > after && **request <= most);
                let found = tournament.first(Sequence(after), &size(most)).map(|(created, _)| created.0);
                prop_assert_eq!(found, expected.map(|(created, _)| *created));
            }
        }
    }
}
