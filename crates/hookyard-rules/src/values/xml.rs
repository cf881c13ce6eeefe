//! XML as an object of its elements, in the mapping that most converters to JSON have in common.
//!
//! The document is an object with the root element as its only member. An element with text alone is that text; an
//! empty one is an empty text. Any other is an object: its attributes as `@name`, its children by name, elements of one
//! name together as an array, and its own text, pieces joined, as `#text`. Text is trimmed. Every value is text: what is
//! a number, no parser can know. Names are without their prefixes, which are the sender's choice and change;
//! declarations of namespaces are dropped.
//!
//! A document type is refused, and with it every entity that it could define.

use std::collections::HashMap;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::DEPTH_MAX;
use super::document::{Document, TooManyValues};

/// The most elements; as a tree they take more memory than as values.
const ELEMENTS_MAX: usize = 250_000;

#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

/// Reads a whole document; none where it is not well-formed, or beyond a limit.
pub(super) fn read(xml: &[u8]) -> Option<Document<'static>> {
    let root = tree(std::str::from_utf8(xml).ok()?)?;
    let mut document = Document::default();
    write_document(root, &mut document).ok().map(|()| document)
}

/// The root element.
fn tree(xml: &str) -> Option<Element> {
    let mut reader = Reader::from_str(xml);
    // Those that are open, behind one that holds the root.
    let mut open = vec![Element::default()];
    let mut elements = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if open.len() > DEPTH_MAX {
                    return None;
                }
                elements += 1;
                open.push(element(&tag)?);
            }
            Event::Empty(tag) => {
                elements += 1;
                let element = element(&tag)?;
                open.last_mut()?.children.push(element);
            }
            Event::End(_) => {
                let closed = open.pop()?;
                open.last_mut()?.children.push(closed);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => {
                let letter = entity.resolve_char_ref().ok()?;
                let text = &mut open.last_mut()?.text;
                match letter {
                    Some(letter) => text.push(letter),
                    None => text.push_str(quick_xml::escape::resolve_predefined_entity(&entity)?),
                }
            }
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if elements > ELEMENTS_MAX {
            return None;
        }
    }
    let mut holder = open.pop()?;
    let root = holder.children.pop()?;
    (open.is_empty() && holder.children.is_empty() && holder.text.trim_ascii().is_empty()).then_some(root)
}

fn element(tag: &BytesStart<'_>) -> Option<Element> {
    let mut attributes = Vec::new();
    // Looking for duplicates would be quadratic; of two the last counts.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.ok()?;
        if attribute.key.as_namespace_binding().is_none() {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            attributes.push((format!("@{}", attribute.key.local_name().into_inner()), value.into_owned()));
        }
    }
    Some(Element { name: tag.local_name().into_inner().to_owned(), attributes, ..Element::default() })
}

fn write_document(root: Element, document: &mut Document<'static>) -> Result<(), TooManyValues> {
    let object = document.open_object()?;
    document.text(root.name.clone())?;
    write_element(root, document)?;
    document.close(object);
    Ok(())
}

fn write_element(element: Element, document: &mut Document<'static>) -> Result<(), TooManyValues> {
    let Element { attributes, text, children, .. } = element;
    let text = text.trim_ascii();
    if attributes.is_empty() && children.is_empty() {
        return document.text(text.to_owned());
    }
    let object = document.open_object()?;
    for (name, value) in attributes {
        document.text(name)?;
        document.text(value)?;
    }
    for (name, elements) in by_name(children) {
        document.text(name)?;
        let array = if elements.len() > 1 { Some(document.open_array()?) } else { None };
        for element in elements {
            write_element(element, document)?;
        }
        if let Some(array) = array {
            document.close(array);
        }
    }
    if !text.is_empty() {
        document.text("#text")?;
        document.text(text.to_owned())?;
    }
    document.close(object);
    Ok(())
}

/// In the order in which the names first come.
fn by_name(children: Vec<Element>) -> Vec<(String, Vec<Element>)> {
    let mut places = HashMap::<String, usize>::new();
    let mut named = Vec::<(String, Vec<Element>)>::new();
    for child in children {
        let place = *places.entry(child.name.clone()).or_insert_with(|| {
            named.push((child.name.clone(), Vec::new()));
            named.len() - 1
        });
        if let Some((_, elements)) = named.get_mut(place) {
            elements.push(child);
        }
    }
    named
}
