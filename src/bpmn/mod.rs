//! Reading process diagrams: which elements there are, what they are called, and which processes they call. Knows no terminal.

use crate::model::diagram::{Diagram, Element};
use crate::model::ids::{ActivityId, ProcessKey};
use crate::text::EngineText;

/// Namespace of BPMN 2.0 model elements.
const MODEL: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";

/// Reads the elements of a diagram.
///
/// # Errors
///
/// Says where the XML cannot be read. Document type definitions are refused: a diagram needs none, and they can expand without end.
pub fn read(xml: &str) -> Result<Diagram, roxmltree::Error> {
    let document = roxmltree::Document::parse(xml)?;
    let mut diagram = Diagram::default();
    // A process stands beside the others, never within one; what follows it in the document belongs to it until the next begins.
    let outside = document.root_element();
    for child in outside.children().filter(roxmltree::Node::is_element) {
        let process = (child.tag_name().name() == "process").then(|| child.attribute("id").map(ProcessKey::from)).flatten();
        for node in child.descendants().filter(|node| node.is_element() && node.tag_name().namespace() == Some(MODEL)) {
            let kind = node.tag_name().name();
            if kind == "sequenceFlow" {
                continue;
            }
            if kind == "callActivity" {
                diagram.calls.extend(node.attribute("calledElement").filter(|called| !is_expression(called)).map(ProcessKey::from));
            }
            if let Some(id) = node.attribute("id") {
                let name = node.attribute("name").filter(|name| !name.trim().is_empty()).map(EngineText::from);
                diagram.elements.insert(ActivityId::from(id), Element { name, process: process.clone() });
            }
        }
    }
    Ok(diagram)
}

/// Whether the process that is called is chosen when the activity is reached.
fn is_expression(called: &str) -> bool {
    called.contains("${") || called.contains("#{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_at_any_depth_and_other_namespaces_are_left_alone() {
        let xml = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:x="urn:x">
            <bpmn:process id="order" name="Order"><bpmn:subProcess id="outer"><bpmn:serviceTask id="charge" name="Charge&#10;card"/>
            <x:serviceTask id="no" name="No"/><bpmn:task id="blank" name=" "/></bpmn:subProcess></bpmn:process></bpmn:definitions>"#;
        let diagram = read(xml).unwrap();
        assert_eq!(diagram.name(&"charge".into()).map(ToString::to_string).as_deref(), Some("Charge card"));
        assert_eq!(diagram.name(&"charge#multiInstanceBody".into()).map(ToString::to_string).as_deref(), Some("Charge card"));
        assert!(diagram.element(&"blank".into()).is_some_and(|blank| blank.name.is_none()), "an activity without a name is known all the same");
        assert!(diagram.element(&"no".into()).is_none());
    }

    #[test]
    fn elements_of_several_processes_in_one_diagram_are_told_apart_and_called_processes_are_known() {
        let xml = r#"<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL"><b:collaboration id="c"><b:participant id="p" processRef="order"/></b:collaboration>
            <b:process id="order"><b:callActivity id="call" calledElement="payment"/><b:callActivity id="open" calledElement="${which}"/>
            <b:sequenceFlow id="flow"/></b:process><b:process id="stock"><b:task id="pick"/></b:process></b:definitions>"#;
        let diagram = read(xml).unwrap();
        let process = |id: &str| diagram.element(&id.into()).and_then(|element| element.process.clone());
        assert_eq!((process("call"), process("pick"), process("p")), (Some("order".into()), Some("stock".into()), None));
        assert!(diagram.element(&"flow".into()).is_none());
        assert_eq!(diagram.calls.iter().map(ToString::to_string).collect::<Vec<_>>(), ["payment"]);
    }

    #[test]
    fn a_document_type_definition_is_refused() {
        assert!(read(r#"<!DOCTYPE a [<!ENTITY b "c">]><a/>"#).is_err());
    }
}
