//! What is wrong with the input, with the lines of it that are wrong.

use std::io::stderr;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use bindery::{Mark, Problem};

use crate::input::Source;
use crate::{Failure, color};

/// Lines of more bytes are no lines that somebody wrote, and are not shown.
const LONGEST: usize = 10_000;

/// Bad input.
pub(crate) fn failure(problems: &[Problem], sources: &[Source]) -> Failure {
    Failure::Input(text(problems, sources))
}

/// The problems, each with its line where there is one to point at, without the last end of line.
pub(crate) fn text(problems: &[Problem], sources: &[Source]) -> String {
    render(problems, sources, &Level::ERROR)
}

/// What is let pass although it is odd, in the same way.
pub(crate) fn warnings(problems: &[Problem], sources: &[Source]) -> String {
    render(problems, sources, &Level::WARNING)
}

fn render(problems: &[Problem], sources: &[Source], level: &Level<'static>) -> String {
    let renderer = if color::is_wanted(&stderr()) { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    let mut was_shown = false;
    for (index, problem) in problems.iter().enumerate() {
        let shown = show(problem, sources, level, &renderer);
        // What takes several lines stands apart.
        let gap = if was_shown || shown.is_some() { "\n\n" } else { "\n" };
        text.push_str(if index > 0 { gap } else { "" });
        was_shown = shown.is_some();
        text.push_str(&shown.unwrap_or_else(|| problem.to_string()));
    }
    text
}

/// A problem with its line; nothing where its place is not known.
fn show(problem: &Problem, sources: &[Source], level: &Level<'static>, renderer: &Renderer) -> Option<String> {
    let source = sources.iter().find(|source| *source.name == *problem.source)?;
    let Mark { line: number, column, length, missing, .. } = problem.mark(&source.text)?;
    let line = source.text.lines().nth(number - 1).filter(|line| line.len() <= LONGEST)?;
    let offset = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let label = (!missing.is_empty()).then(|| format!("{missing} is missing here"));
    let annotation = AnnotationKind::Primary.span(offset(column - 1)..offset(column - 1 + length)).label(label);
    let snippet = Snippet::source(line).line_start(number).path(&*source.name).annotation(annotation);
    let mut group: Group<'_> = level.clone().primary_title(problem.message()).element(snippet);
    if !problem.meant.is_empty() {
        group = group.element(Level::HELP.message(format!("did you mean {:?}?", problem.meant.as_str())));
    }
    if line.contains("{{") {
        let help = "this is a template; render it first, as with `helm template CHART | bindery check -`";
        group = group.element(Level::HELP.message(help));
    }
    if problem.document > 1 {
        group = group.element(Level::NOTE.message(format!("this is document {} of the file", problem.document)));
    }
    Some(renderer.render(&[group]))
}
