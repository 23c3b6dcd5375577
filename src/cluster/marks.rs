//! Which objects of a kind the next resync must look at, and at which nobody need look.

use crate::cluster::queue::Bits;

/// Objects of one kind, by number: those that are marked, and those of which the next look is foreseen to come to nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Who is marked, listed and foreseen, side by side: they are asked for at once, and among many objects each place is
    /// far away in memory.
    bits: Bits,
    count: usize,
    /// All that are marked, and some that no longer are, each once.
    list: Vec<u32>,
}

/// The places of an object among the bits.
fn marked(number: u32) -> u32 {
    number * 4
}

fn listed(number: u32) -> u32 {
    number * 4 + 1
}

fn foreseen(number: u32) -> u32 {
    number * 4 + 2
}

impl Marks {
    pub(super) fn insert(&mut self, number: u32) {
        if self.bits.insert(marked(number)) {
            self.count += 1;
            if self.bits.insert(listed(number)) {
                self.list.push(number);
            }
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.count -= usize::from(self.bits.remove(marked(number)));
    }

    /// Whether nothing is marked.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes out what is marked. Cost: linear in that, however many objects there are.
    pub(super) fn take(&mut self) -> Vec<u32> {
        let mut list = std::mem::take(&mut self.list);
        list.retain(|number| {
            self.bits.remove(listed(*number));
            self.bits.remove(marked(*number))
        });
        self.count = 0;
        list
    }

    /// The next look at an object comes to nothing.
    pub(super) fn foresee(&mut self, number: u32) {
        self.bits.insert(foreseen(number));
    }

    pub(super) fn foresees(&self, number: u32) -> bool {
        self.bits.contains(foreseen(number))
    }

    /// It may come to something after all.
    pub(super) fn forget(&mut self, number: u32) {
        self.bits.remove(foreseen(number));
    }
}
