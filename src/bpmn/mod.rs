//! Reading process diagrams: names of activities by id. Knows no terminal.

use crate::model::ids::ActivityId;
use crate::model::snapshot::ActivityNames;
use crate::text::EngineText;

/// Namespace of BPMN 2.0 model elements.
const MODEL: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";

/// Reads the names of all flow elements of a diagram. Elements without a name are left out.
///
/// # Errors
///
/// Says where the XML cannot be read. Document type definitions are refused: a diagram needs none, and they can expand without end.
pub fn activity_names(xml: &str) -> Result<ActivityNames, roxmltree::Error> {
    let document = roxmltree::Document::parse(xml)?;
    let elements = document.descendants().filter(|node| node.is_element() && node.tag_name().namespace() == Some(MODEL));
    Ok(elements
        .filter_map(|node| {
            let name = node.attribute("name").filter(|name| !name.trim().is_empty())?;
            Some((ActivityId::from(node.attribute("id")?), EngineText::from(name)))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_at_any_depth_and_other_namespaces_are_left_alone() {
        let xml = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:x="urn:x">
            <bpmn:process id="order" name="Order"><bpmn:subProcess id="outer"><bpmn:serviceTask id="charge" name="Charge&#10;card"/>
            <x:serviceTask id="no" name="No"/><bpmn:task id="blank" name=" "/></bpmn:subProcess></bpmn:process></bpmn:definitions>"#;
        let names = activity_names(xml).unwrap();
        assert_eq!(names.len(), 2);
        assert_eq!(names[&ActivityId::from("charge")].to_string(), "Charge card");
    }

    #[test]
    fn a_document_type_definition_is_refused() {
        assert!(activity_names(r#"<!DOCTYPE a [<!ENTITY b "c">]><a/>"#).is_err());
    }
}
