//! A check as text.

use std::fmt::{self, Display, Formatter};

use crate::explain::check::{Check, ClaimProspect, Prospect};
use crate::explain::text::plural;
use crate::manifest::to_line;

impl Display for Prospect {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.claims.iter().try_for_each(|claim| write!(f, "{claim}"))?;
        if !self.findings.is_empty() {
            if !self.claims.is_empty() {
                writeln!(f)?;
            }
            self.findings.iter().try_for_each(|finding| writeln!(f, "warning: {finding}"))?;
        }
        if !self.claims.is_empty() || !self.findings.is_empty() {
            writeln!(f)?;
        }
        let [must, may, cannot] = [Prospect::Must, Prospect::May, Prospect::Cannot].map(|word| self.count(word));
        let all = plural(self.claims.len(), "claim");
        writeln!(f, "{all}: {must} must bind, {may} may bind, {cannot} cannot bind")
    }
}

impl Display for ClaimProspect {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<6} bind: {}: {}", self.prospect.as_str(), self.claim, self.why)?;
        for (number, edit) in self.edits.iter().enumerate() {
            writeln!(f, "  {}. {}", number + 1, edit.headline())?;
            for step in &edit.steps {
                let patch = to_line(step.patch());
                writeln!(f, "     in {}: {}", step.object().short(), patch.trim_end())?;
            }
            edit.cautions.iter().try_for_each(|caution| writeln!(f, "     {caution}"))?;
        }
        Ok(())
    }
}
