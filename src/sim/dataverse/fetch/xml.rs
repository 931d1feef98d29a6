//! The elements of an XML text, as a tree.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// An element.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads the outermost element; `None` if the text is not well-formed.
pub(super) fn element(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(begun(&start)?),
            Event::Empty(start) => {
                let element = begun(&start)?;
                open.last_mut()?.children.push(element);
            }
            Event::End(_) => {
                let element = open.pop()?;
                open.last_mut()?.children.push(element);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => open.last_mut()?.text.push_str(&resolved(&reference)?),
            Event::Eof => break,
            _ => {}
        }
    }
    let [root] = open.as_mut_slice() else { return None };
    if root.children.len() == 1 { root.children.pop() } else { None }
}

/// Returns the text a reference such as `&amp;` or `&#65;` stands for.
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned)
}

fn begun(start: &BytesStart<'_>) -> Option<Element> {
    let name = start.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
        attributes.push((attribute.key.as_ref().to_owned(), value));
    }
    Some(Element { name, attributes, ..Element::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes_are_read_with_their_references() {
        let read = element("<a b='x &lt; y'><v>a &amp; b &#65;</v><v/></a>").unwrap();
        assert_eq!(read.get("b"), Some("x < y"));
        let texts: Vec<_> = read.all("v").map(|value| value.text.as_str()).collect();
        assert_eq!(texts, ["a & b A", ""]);
        for malformed in ["", "<a>", "<a/><b/>", "<a><b></a>", "text"] {
            assert_eq!(element(malformed), None, "{malformed}");
        }
    }
}
