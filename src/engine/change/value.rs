//! A value as an operator types it, checked against the type its variable has already. A variable keeps its type: a string where a number
//! was would break the process further on.

use serde_json::Value;

use super::NewValue;
use crate::model::variable::Variable;

impl NewValue {
    /// Reads what was typed for a variable.
    ///
    /// # Errors
    ///
    /// What the type of the variable asks for; a type that cannot be typed.
    pub fn typed(variable: &Variable, text: &str) -> Result<Self, String> {
        let kind = variable.kind.as_wire().to_ascii_lowercase();
        let trimmed = text.trim();
        let value = match kind.as_str() {
            "string" | "xml" => Value::String(text.to_owned()),
            "boolean" => Value::Bool(trimmed.parse().map_err(|_| "A Boolean is true or false.".to_owned())?),
            "short" => whole(trimmed, i16::MIN.into(), i16::MAX.into(), "Short")?,
            "integer" => whole(trimmed, i32::MIN.into(), i32::MAX.into(), "Integer")?,
            "long" => whole(trimmed, i64::MIN, i64::MAX, "Long")?,
            "double" => number(trimmed)?,
            "date" => Value::String(date(trimmed)?),
            "json" => {
                serde_json::from_str::<Value>(trimmed).map_err(|error| format!("That is no JSON: {error}."))?;
                Value::String(trimmed.to_owned())
            }
            "null" => return Err("A variable of type Null has no value to type; write it by the process that needs it.".to_owned()),
            other => return Err(format!("A value of type {} cannot be typed here.", crate::text::safe(other))),
        };
        Ok(Self { kind: variable.kind.clone(), value, info: None })
    }
}

fn whole(text: &str, least: i64, most: i64, kind: &str) -> Result<Value, String> {
    let number: i64 = text.parse().map_err(|_| format!("A whole number is needed: the variable is of type {kind}."))?;
    if (least..=most).contains(&number) { Ok(number.into()) } else { Err(format!("{kind} holds {least} to {most}.")) }
}

fn number(text: &str) -> Result<Value, String> {
    let wrong = || "A number is needed: the variable is of type Double.".to_owned();
    let number: f64 = text.parse().map_err(|_| wrong())?;
    serde_json::Number::from_f64(number).map(Value::Number).ok_or_else(wrong)
}

/// A date goes in as the engine gives it out.
fn date(text: &str) -> Result<String, String> {
    let format = "%Y-%m-%dT%H:%M:%S%.f%z";
    let read = jiff::Timestamp::strptime(format, text).ok().or_else(|| text.parse().ok());
    read.map(crate::engine::wire::date).ok_or_else(|| "A date is written as 2026-11-21T06:00:00.000+0100.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example::instance as example;
    use crate::model::variable::VariableValue;

    fn typed(kind: &str, text: &str) -> Result<Value, String> {
        let variable = example::variable("x", kind, VariableValue::Null);
        NewValue::typed(&variable, text).map(|value| value.value)
    }

    #[test]
    fn a_value_is_taken_only_as_the_type_its_variable_has() {
        assert_eq!(typed("String", " a b "), Ok(" a b ".into()), "blanks of a text belong to it");
        assert_eq!(typed("Boolean", " true "), Ok(true.into()));
        assert!(typed("Boolean", "yes").is_err());
        assert_eq!(typed("Long", "9007199254740993"), Ok(9_007_199_254_740_993_i64.into()));
        assert_eq!(typed("Integer", "-7"), Ok((-7).into()));
        assert!(typed("Integer", "2147483648").unwrap_err().contains("2147483647"));
        assert!(typed("Short", "40000").is_err());
        assert!(typed("Integer", "1.5").is_err());
        assert_eq!(typed("Double", "1.5"), Ok(1.5.into()));
        assert!(typed("Double", "NaN").is_err());
    }

    #[test]
    fn json_is_checked_and_travels_as_text() {
        assert_eq!(typed("Json", r#"{"a":1}"#), Ok(r#"{"a":1}"#.into()));
        assert!(typed("Json", "{a}").unwrap_err().starts_with("That is no JSON"));
    }

    #[test]
    fn a_date_is_read_in_the_engines_form_and_what_cannot_be_typed_says_so() {
        let date = typed("Date", "2026-11-21T06:00:00.000+0100").unwrap();
        assert_eq!(date, Value::from("2026-11-21T05:00:00.000+0000"));
        assert!(typed("Date", "tomorrow").is_err());
        for kind in ["Object", "File", "Bytes", "Null"] {
            assert!(typed(kind, "x").is_err(), "{kind}");
        }
    }
}
