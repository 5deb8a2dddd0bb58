//! One request, built from its catalogue row. A parameter the row does not name, or that the engine is too old for, stops it
//! here: an engine would ignore the filter and answer for everything. No sending.

use std::fmt;
use std::fmt::Write as _;

use jiff::Timestamp;
use reqwest::Url;

use super::catalogue::{Carrier, Endpoint, Parameter, RequestName, Since, endpoint};
use super::error::Problem;
use super::version::EngineVersion;
use crate::text::EngineText;

/// A request that was built but not yet checked or sent.
#[derive(Debug)]
pub(super) struct Request {
    row: &'static Endpoint,
    ids: Vec<EngineText>,
    query: Vec<(&'static str, String)>,
    body: Option<serde_json::Map<String, serde_json::Value>>,
    used: Vec<&'static Parameter>,
    stray: Option<&'static str>,
}

impl Request {
    /// A request to one row of the catalogue.
    pub(super) fn to(name: RequestName) -> Self {
        Self { row: endpoint(name), ids: Vec::new(), query: Vec::new(), body: None, used: Vec::new(), stray: None }
    }

    /// The row it is built from.
    pub(super) fn row(&self) -> &'static Endpoint {
        self.row
    }

    /// Fills the next `{…}` of the path.
    pub(super) fn id(mut self, id: &EngineText) -> Self {
        self.ids.push(id.clone());
        self
    }

    /// Adds a parameter to the query.
    pub(super) fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        if self.admit(name, Carrier::Query) {
            self.query.push((name, value.to_string()));
        }
        self
    }

    /// Adds engine text, in its exact form, if there is any.
    pub(super) fn query_text(self, name: &'static str, value: Option<&EngineText>) -> Self {
        match value {
            Some(text) => self.query(name, text.as_wire()),
            None => self,
        }
    }

    /// Adds a pattern of SQL, if there is one.
    pub(super) fn query_pattern(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(pattern) => self.query(name, pattern),
            None => self,
        }
    }

    /// Adds a mark, if it is set. The engine takes `false` for no filter at all.
    pub(super) fn query_mark(self, name: &'static str, set: bool) -> Self {
        if set { self.query(name, true) } else { self }
    }

    /// Adds a moment, if there is one.
    pub(super) fn query_time(self, name: &'static str, value: Option<Timestamp>) -> Self {
        match value {
            Some(time) => self.query(name, super::wire::date(time)),
            None => self,
        }
    }

    /// Adds a comma-separated list, unless it is empty.
    pub(super) fn query_joined<'a>(self, name: &'static str, values: impl Iterator<Item = &'a str>) -> Self {
        let joined = values.collect::<Vec<_>>().join(",");
        if joined.is_empty() { self } else { self.query(name, joined) }
    }

    /// Adds a field to the JSON body.
    pub(super) fn body(mut self, name: &'static str, value: serde_json::Value) -> Self {
        if self.admit(name, Carrier::Body) {
            self.body.get_or_insert_default().insert(name.to_owned(), value);
        }
        self
    }

    fn admit(&mut self, name: &'static str, carrier: Carrier) -> bool {
        match self.row.parameter(name).filter(|parameter| parameter.carrier == carrier) {
            Some(parameter) => self.used.push(parameter),
            None => self.stray = Some(name),
        }
        self.stray.is_none()
    }

    /// Whether it may be sent to this engine. While the version is not known, whatever needs a version is refused.
    pub(super) fn check(&self, engine: Option<&EngineVersion>) -> Result<(), Problem> {
        if let Some(what) = self.stray {
            return Err(Problem::NotInCatalogue { what });
        }
        let has = |since: Since| since == Since::ALWAYS || engine.is_some_and(|engine| engine.has(since));
        let unsupported = |what: String, since| Problem::Unsupported { what, since, engine: engine.cloned() };
        if !has(self.row.since) {
            return Err(unsupported(format!("{} {}", self.row.method, self.row.path), self.row.since));
        }
        if let Some(parameter) = self.used.iter().find(|parameter| !has(parameter.since)) {
            return Err(unsupported(format!("{} of {}", parameter.name, self.row.path), parameter.since));
        }
        // An id of dots would climb the path, an empty one would ask for the whole list. No such thing exists.
        if self.ids.iter().any(|id| matches!(id.as_wire(), "" | "." | "..")) {
            return Err(Problem::NotFound);
        }
        Ok(())
    }

    /// Its address below `base`, in the engine of that name if there is one.
    pub(super) fn url(&self, base: &Url, engine: Option<&str>) -> Url {
        let mut path = base.path().trim_end_matches('/').to_owned();
        if let (Some(engine), false) = (engine, self.row.name == RequestName::Engines) {
            path.push_str("/engine/");
            encode_segment(engine, &mut path);
        }
        let mut ids = self.ids.iter();
        for segment in self.row.path.split('/').skip(1) {
            path.push('/');
            match segment.starts_with('{').then(|| ids.next()).flatten() {
                Some(id) => encode_segment(id.as_wire(), &mut path),
                None => path.push_str(segment),
            }
        }
        let mut url = base.clone();
        url.set_path(&path);
        url.set_query(None);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    /// Its JSON body, if it has one.
    pub(super) fn payload(&self) -> Option<Vec<u8>> {
        // A map of JSON values always serialises.
        self.body.as_ref().and_then(|body| serde_json::to_vec(body).ok())
    }
}

/// Percent-encodes everything but unreserved characters and the colon of definition ids: a slash or a semicolon in an id must not
/// become another path or a matrix parameter.
fn encode_segment(raw: &str, path: &mut String) {
    for byte in raw.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => path.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(path, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalogue::catalogue;

    fn base() -> Url {
        Url::parse("http://engine.example:8080/engine-rest/").expect("a base address")
    }

    fn engine(text: &str) -> EngineVersion {
        EngineVersion::detect(EngineText::from(text), None)
    }

    #[test]
    fn ids_are_encoded_so_that_they_stay_one_segment() {
        let id = EngineText::from("a/b;c?d#e %2F é\u{1b}");
        let url = Request::to(RequestName::JobStacktrace).id(&id).url(&base(), None);
        assert_eq!(url.as_str(), "http://engine.example:8080/engine-rest/job/a%2Fb%3Bc%3Fd%23e%20%252F%20%C3%A9%1B/stacktrace");
    }

    #[test]
    fn ids_that_would_change_the_path_are_never_sent() {
        for id in ["", ".", ".."] {
            let request = Request::to(RequestName::Job).id(&EngineText::from(id));
            assert!(matches!(request.check(None), Err(Problem::NotFound)), "{id:?}");
        }
    }

    #[test]
    fn an_engine_name_goes_before_the_path_but_not_before_the_engine_list() {
        let version = Request::to(RequestName::Version).url(&base(), Some("a b"));
        assert_eq!(version.path(), "/engine-rest/engine/a%20b/version");
        assert_eq!(Request::to(RequestName::Engines).url(&base(), Some("a b")).path(), "/engine-rest/engine");
    }

    #[test]
    fn values_are_encoded_in_the_query() {
        let time: Timestamp = "2013-01-23T12:42:45.5Z".parse().expect("a time");
        let url = Request::to(RequestName::IncidentList).query_time("incidentTimestampAfter", Some(time)).url(&base(), None);
        assert_eq!(url.query(), Some("incidentTimestampAfter=2013-01-23T12%3A42%3A45.500%2B0000"));
    }

    #[test]
    fn a_parameter_the_row_does_not_name_cannot_be_sent() {
        for request in [
            Request::to(RequestName::JobCount).query("noRetriesLeftt", true),
            Request::to(RequestName::JobCount).query("noRetriesLeftt", true).query("active", true),
            Request::to(RequestName::JobsByIds).query("jobIds", "1,2"),
            Request::to(RequestName::JobCount).body("active", true.into()),
        ] {
            assert!(matches!(request.check(Some(&engine("7.24.0"))), Err(Problem::NotInCatalogue { .. })), "{request:?}");
        }
    }

    #[test]
    fn a_gated_parameter_is_sent_only_to_an_engine_known_to_have_it() {
        let request = Request::to(RequestName::JobCount).query("acquired", true);
        assert!(request.check(Some(&engine("7.24.0"))).is_ok());
        assert!(request.check(Some(&engine("1.0.3"))).is_ok());
        for version in [None, Some(engine("7.23.0"))] {
            let refused = request.check(version.as_ref());
            assert!(matches!(&refused, Err(Problem::Unsupported { since, .. }) if *since == Since::camunda7(24)), "{refused:?}");
        }
    }

    #[test]
    fn a_gated_path_is_asked_only_of_an_engine_known_to_have_it() {
        let request = Request::to(RequestName::Telemetry);
        assert!(request.check(Some(&engine("7.18.0"))).is_ok());
        assert!(matches!(request.check(Some(&engine("7.15.0"))), Err(Problem::Unsupported { .. })));
    }

    #[test]
    fn every_path_has_as_many_places_as_its_call_fills() {
        for row in catalogue() {
            let places = row.path.matches('{').count();
            let ids = (0..places).fold(Request::to(row.name), |request, _| request.id(&EngineText::from("x")));
            assert!(!ids.url(&base(), None).path().contains('{'), "{:?}", row.name);
        }
    }
}
