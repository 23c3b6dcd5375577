//! What the program writes, to a reader who may stop before the end.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use crate::Failure;

/// Writes to standard output. Whoever reads it may stop before its end: that is no failure.
pub(crate) fn write(write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    forgiving(written).map_err(|error| Failure::Input(format!("standard output: cannot be written: {error}")))
}

/// A reader who has gone is no failure.
fn forgiving(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Prints to standard output. Whoever reads it may stop before its end: the rest is dropped, and the exit code stays what it
/// would have been.
macro_rules! show {
    ($($text:tt)*) => { $crate::output::put(&mut std::io::stdout().lock(), format_args!($($text)*)) };
}

/// Prints a line to standard output, as [`show`] does.
macro_rules! showln {
    () => { $crate::output::show!("\n") };
    ($($text:tt)*) => { $crate::output::show!("{}\n", format_args!($($text)*)) };
}

/// Prints a line to standard error, of which nobody need take notice.
macro_rules! complain {
    ($($text:tt)*) => { $crate::output::put(&mut std::io::stderr().lock(), format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {complain, show, showln};

/// Writes a text, to somebody who may have gone. Where it cannot be written for another reason, such as a full disk, the
/// program ends.
pub(crate) fn put(out: &mut impl Write, text: fmt::Arguments<'_>) {
    let written = out.write_fmt(text).and_then(|()| out.flush());
    if let Err(error) = forgiving(written) {
        // There may be nobody left to tell.
        let _ = writeln!(io::stderr(), "output cannot be written: {error}");
        std::process::exit(2);
    }
}
