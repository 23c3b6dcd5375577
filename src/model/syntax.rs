//! The syntax of names, label keys and label values, with Kubernetes' words for what is wrong.
//!
//! Follows `k8s.io/apimachinery/pkg/api/validate/content`. Each function returns every complaint, none if the text
//! is well formed.

const LABEL_KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_KEY_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                              character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/// Complaints about a label key, which is what qualified names are too.
pub(crate) fn label_key(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let name = match text.split_once('/') {
        None => text,
        Some((prefix, name)) if !name.contains('/') => {
            if prefix.is_empty() {
                complaints.push("prefix part must be non-empty".to_owned());
            } else {
                complaints
                    .extend(subdomain(prefix, "bytes").iter().map(|complaint| format!("prefix part {complaint}")));
            }
            name
        }
        Some(_) => {
            return vec![format!(
                "a valid label key {LABEL_KEY_RULE} '{LABEL_KEY}') with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        complaints.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        complaints.push("name part must be no more than 63 bytes".to_owned());
    }
    if name.is_empty() || !is_label_text(name) {
        complaints.push(format!("name part {LABEL_KEY_RULE} '{LABEL_KEY}')"));
    }
    complaints
}

/// Complaints about the key of an annotation, in which capitals count as small letters.
pub(crate) fn annotation_key(text: &str) -> Vec<String> {
    let complaints = label_key(text);
    // A sound key stays sound in small letters.
    if complaints.is_empty() { complaints } else { label_key(&text.to_lowercase()) }
}

/// Complaints about a label value.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if text.len() > 63 {
        complaints.push("must be no more than 63 bytes".to_owned());
    }
    if !text.is_empty() && !is_label_text(text) {
        complaints.push(format!(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and \
             end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '({LABEL_KEY})?')"
        ));
    }
    complaints
}

/// Complaints about a lower-case DNS label, where at most 63 characters are allowed.
pub(crate) fn dns_label(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if text.len() > 63 {
        complaints.push("must be no more than 63 characters".to_owned());
    }
    if !is_dns_label(text) {
        complaints.push(if is_dns_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with \
             an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned()
        });
    }
    complaints
}

/// Complaints about a lower-case DNS subdomain, where at most 253 bytes are allowed.
pub(crate) fn dns_subdomain(text: &str) -> Vec<String> {
    subdomain(text, "characters")
}

fn subdomain(text: &str, unit: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if text.len() > 253 {
        complaints.push(format!("must be no more than 253 {unit}"));
    }
    if !is_dns_subdomain(text) {
        complaints.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and \
             end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
        ));
    }
    complaints
}

/// Complaints about a key of a ConfigMap or a Secret, which can be the name of a file.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if text.len() > 253 {
        complaints.push("must be no more than 253 characters".to_owned());
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        complaints.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or \
             'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    complaints.extend(match text {
        "." | ".." => Some(format!("must not be '{text}'")),
        _ if text.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    });
    complaints
}

/// A name with a suffix still to come: a last dash is allowed. Kubernetes takes the character before it away too.
pub(crate) fn as_prefix(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut masked = rest.to_owned();
            masked.pop();
            masked.push('a');
            masked
        }
        Some(_) | None => name.to_owned(),
    }
}

/// Small letters and digits, which names are made of.
const SMALL: u8 = 1;
/// All letters, and digits.
const LETTER: u8 = 2;
/// What may stand between letters of a label.
const BETWEEN: u8 = 4;

/// What each byte is. Names are looked at with every write.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'0'..=b'9' => SMALL | LETTER,
            b'A'..=b'Z' => LETTER,
            b'-' | b'_' | b'.' => BETWEEN,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn is(byte: u8, classes: u8) -> bool {
    CLASSES[usize::from(byte)] & classes != 0
}

fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| is(*byte, LETTER));
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|byte| is(*byte, LETTER | BETWEEN))
}

fn is_dns_label(text: &str) -> bool {
    is_dns_subdomain(text) && !text.contains('.')
}

/// Whether all labels are sound, in one pass.
fn is_dns_subdomain(text: &str) -> bool {
    let mut before = b'.';
    let is_sound = text.bytes().all(|byte| {
        let before = std::mem::replace(&mut before, byte);
        is(byte, SMALL) || byte == b'-' && before != b'.' || byte == b'.' && is(before, SMALL)
    });
    is_sound && is(before, SMALL)
}
