//! HTML and SVG that is well formed whatever is written into it.
//!
//! Elements are nested as closures are, so that every tag that is opened is closed. Everything that is no literal of this
//! crate is escaped: names, messages and annotations come from whoever wrote the manifests. What is written is XML, too,
//! so that the same element stands in a page and in a file of its own.

use std::fmt::{self, Display, Write};

/// Elements after which a line ends, so that the text can be read and compared.
const BLOCKS: [&str; 30] = [
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "article", "h1",
    "h2", "h3", "h4", "p", "div", "ul", "ol", "li", "dl", "dd", "pre", "table", "tr", "details", "summary", "svg", "g",
];

/// Text with markup, as it grows.
#[derive(Debug, Default)]
pub(super) struct Markup {
    text: String,
}

/// An attribute: its name, and a value that is escaped.
pub(super) type Attribute<'a> = (&'static str, &'a dyn Display);

impl Markup {
    /// An element with something inside.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.begin(tag, attributes);
        self.text.push('>');
        inside(self);
        self.put(format_args!("</{tag}>"));
        self.end_line(tag)
    }

    /// An element with text inside.
    pub(super) fn line(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: impl Display) -> &mut Self {
        self.element(tag, attributes, |inside| {
            inside.write(text);
        })
    }

    /// An element that never has anything inside.
    pub(super) fn void(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) -> &mut Self {
        self.begin(tag, attributes);
        self.text.push_str("/>");
        self.end_line(tag)
    }

    /// Text, which is escaped.
    pub(super) fn write(&mut self, text: impl Display) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(Escaped(&mut self.text), "{text}");
        self
    }

    /// Text of this crate, as it is: a style or a declaration.
    pub(super) fn literal(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Markup that was made before.
    pub(super) fn insert(&mut self, made: &Self) -> &mut Self {
        self.text.push_str(&made.text);
        self
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn begin(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.put(format_args!("<{tag}"));
        for (name, value) in attributes {
            self.put(format_args!(" {name}=\""));
            self.write(value);
            self.text.push('"');
        }
    }

    fn end_line(&mut self, tag: &'static str) -> &mut Self {
        if BLOCKS.contains(&tag) {
            self.text.push('\n');
        }
        self
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(text);
    }
}

/// Escapes what is written into it.
struct Escaped<'m>(&'m mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                letter => self.0.push(shown(letter)),
            }
        }
        Ok(())
    }
}

/// The letter, or what stands for it where XML does not allow it or where it would reorder the text around it.
pub(super) fn shown(letter: char) -> char {
    match letter {
        '\t' | '\n' => letter,
        // The pictures of the control characters.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::Markup;

    #[test]
    fn everything_is_escaped_in_texts_and_attributes() {
        let hostile = "\"><script>alert('1')</script>&amp;\u{0}\u{1b}\u{202e}\u{ffff}";
        let mut markup = Markup::default();
        markup.element("p", &[("title", &hostile)], |p| {
            p.write(hostile);
        });
        let escaped =
            "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\u{2400}\u{241b}\u{fffd}\u{fffd}";
        assert_eq!(markup.into_text(), format!("<p title=\"{escaped}\">{escaped}</p>\n"));
    }
}
