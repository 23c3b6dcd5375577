//! Standard output.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use crate::Failure;

/// Writes to standard output. Whoever reads it may stop before its end: that is no failure.
pub(crate) fn write(write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::Input(format!("standard output: cannot be written: {error}"))),
    }
}
