//! Requests and answers held against Discord's own OpenAPI document.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use jsonschema::{Draft, Registry, Resource, Validator};
use serde_json::{Value, json};

use super::routes::{ROUTES, Route};

/// The name under which the document is known to the validators.
const NAME: &str = "urn:discord:openapi";

/// The checks that were built from the document.
pub(in crate::discord) struct Spec {
    operations: HashMap<&'static str, Operation>,
}

struct Operation {
    /// Names of query parameters and whether each is a boolean.
    query: HashMap<String, bool>,
    body: Option<Validator>,
    /// A closer look at the `data` of a callback that writes a message.
    data: Option<Validator>,
    answers: HashMap<u16, Option<Validator>>,
}

impl Spec {
    /// Reads the document.
    ///
    /// # Errors
    /// When it cannot be read, is no OpenAPI document, or lacks an operation that is served here.
    pub(in crate::discord) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("reading the OpenAPI document {}", path.display()))?;
        let document: Value =
            serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))?;
        Self::new(&document)
    }

    fn new(document: &Value) -> anyhow::Result<Self> {
        let resource = Resource::from_contents(document.clone());
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(NAME, resource)
            .and_then(|registry| registry.prepare())
            .context("the OpenAPI document cannot be used as a schema")?;
        let mut operations = HashMap::new();
        for route in ROUTES {
            let found = &document["paths"][route.template][route.method.to_lowercase()];
            if found.is_null() {
                continue;
            }
            let operation = Operation::new(&registry, document, found)
                .with_context(|| format!("operation {} of the OpenAPI document", route.operation))?;
            operations.insert(route.operation, operation);
        }
        anyhow::ensure!(
            !operations.is_empty(),
            "the OpenAPI document has none of the operations served here"
        );
        Ok(Self { operations })
    }

    /// Whether Discord would take this query and body.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn request(&self, route: &Route, query: &[(String, String)], body: &Value) -> Result<(), String> {
        let Some(operation) = self.operations.get(route.operation) else {
            return Err("the document has no such operation".into());
        };
        for (name, value) in query {
            match operation.query.get(name) {
                None => return Err(format!("query: unknown parameter {name}")),
                Some(true) if !matches!(value.as_str(), "true" | "false" | "1" | "0") => {
                    return Err(format!("query: {name}={value} is no boolean"));
                }
                Some(_) => {}
            }
        }
        match (&operation.body, body) {
            (None, Value::Null) => Ok(()),
            (None, _) => Err("body: none is expected".into()),
            (Some(validator), body) => {
                let mut body = body.clone();
                coerce(&mut body);
                check(validator, &body)?;
                let writes = matches!(body["type"].as_u64(), Some(4 | 5)) && body["data"].is_object();
                match &operation.data {
                    Some(data) if writes => check(data, &body["data"]).map_err(|why| format!("data: {why}")),
                    Some(_) | None => Ok(()),
                }
            }
        }
    }

    /// Whether Discord would answer so.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn answer(&self, route: &Route, status: u16, body: &Value) -> Result<(), String> {
        let Some(operation) = self.operations.get(route.operation) else {
            return Ok(());
        };
        match operation.answers.get(&status) {
            None => Err(format!("status {status} is not among the documented ones")),
            Some(None) => Ok(()),
            Some(Some(validator)) => check(validator, body),
        }
    }
}

impl Operation {
    fn new(registry: &Registry<'_>, document: &Value, found: &Value) -> anyhow::Result<Self> {
        let build = |schema: &Value| -> anyhow::Result<Validator> {
            let options = jsonschema::options().with_draft(Draft::Draft202012);
            Ok(options.with_registry(registry).build(schema)?)
        };
        let query = found["parameters"].as_array().into_iter().flatten();
        let query = query.filter(|it| it["in"] == "query").filter_map(|it| {
            let name = it["name"].as_str()?.to_owned();
            Some((name, it["schema"]["type"] == "boolean"))
        });
        let schema = &found["requestBody"]["content"]["application/json"]["schema"];
        let body = (!schema.is_null()).then(|| build(&closed(schema))).transpose()?;
        let message = "IncomingWebhookInteractionRequest";
        let names_message = schema.to_string().contains("CreateMessageInteractionCallbackRequest")
            && !document["components"]["schemas"][message].is_null();
        let data = names_message
            .then(|| build(&closed(&json!({ "$ref": format!("#/components/schemas/{message}") }))))
            .transpose()?;
        let mut answers = HashMap::new();
        for (status, answer) in found["responses"].as_object().into_iter().flatten() {
            let schema = &answer["content"]["application/json"]["schema"];
            if let Ok(status) = status.parse() {
                let validator = (!schema.is_null()).then(|| build(&named(schema))).transpose()?;
                answers.insert(status, validator);
            }
        }
        Ok(Self {
            query: query.collect(),
            body,
            data,
            answers,
        })
    }
}

/// The schema with references that find the document.
fn named(schema: &Value) -> Value {
    let mut schema = schema.clone();
    name_refs(&mut schema);
    schema
}

fn name_refs(schema: &mut Value) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str)
        && target.starts_with('#')
    {
        schema["$ref"] = json!(format!("{NAME}{target}"));
    }
    if let Some(fields) = schema.as_object_mut() {
        fields.values_mut().for_each(name_refs);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(name_refs);
    }
}

/// The schema, closed at its top: objects in the document are open, so a misspelt name would pass.
fn closed(schema: &Value) -> Value {
    let mut schema = named(schema);
    let top = if schema["items"].is_object() {
        &mut schema["items"]
    } else {
        &mut schema
    };
    top["unevaluatedProperties"] = json!(false);
    schema
}

/// The document wants numbers where Discord takes a number as text too.
fn coerce(body: &mut Value) {
    if let Some(list) = body.as_array_mut() {
        list.iter_mut().for_each(coerce);
    } else if let Some(bits) = body.get_mut("default_member_permissions")
        && let Some(number) = bits.as_str().and_then(|text| text.parse::<u64>().ok())
    {
        *bits = json!(number);
    }
}

fn check(validator: &Validator, body: &Value) -> Result<(), String> {
    let mut problems = validator
        .iter_errors(body)
        .map(|error| {
            let text: String = error.to_string().chars().take(300).collect();
            format!("{}: {text}", error.instance_path())
        })
        .take(3)
        .peekable();
    if problems.peek().is_none() {
        return Ok(());
    }
    Err(problems.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::routes::find;
    use super::*;

    /// A document of one operation, in the manner of the real one.
    fn spec() -> Spec {
        let body = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Message" } } });
        Spec::new(&json!({
            "openapi": "3.1.0",
            "paths": { "/channels/{channel_id}/messages": { "post": {
                "operationId": "create_message",
                "parameters": [{ "name": "wait", "in": "query", "schema": { "type": "boolean" } }],
                "requestBody": { "content": body }, "responses": { "200": { "content": body } },
            } } },
            "components": { "schemas": { "Message": {
                "type": "object", "required": ["content"],
                "properties": { "content": { "$ref": "#/components/schemas/Text" } },
            }, "Text": { "type": "string", "maxLength": 5 } } },
        }))
        .expect("a document")
    }

    #[test]
    fn a_body_that_the_document_does_not_allow_is_named() {
        let (spec, route) = (spec(), find("POST", "/channels/1/messages").expect("an operation").0);
        let ask = |body: Value| spec.request(route, &[], &body);
        assert_eq!(ask(json!({ "content": "12345" })), Ok(()));
        for bad in [
            json!({ "content": "123456" }),
            json!({ "content": 1 }),
            json!({ "content": "x", "contnet": "x" }),
            json!({}),
            Value::Null,
        ] {
            assert!(ask(bad.clone()).is_err(), "{bad}");
        }
        assert!(ask(json!({ "content": 1 })).is_err_and(|why| why.contains("/content")));
    }

    #[test]
    fn a_query_and_an_answer_are_held_against_the_document_too() {
        let (spec, route) = (spec(), find("POST", "/channels/1/messages").expect("an operation").0);
        let ask = |key: &str, value: &str| {
            let query = [(key.to_owned(), value.to_owned())];
            spec.request(route, &query, &json!({ "content": "x" }))
        };
        assert_eq!(ask("wait", "true"), Ok(()));
        assert!(ask("wait", "perhaps").is_err() && ask("weight", "true").is_err());
        assert_eq!(spec.answer(route, 200, &json!({ "content": "x", "more": 1 })), Ok(()));
        assert!(spec.answer(route, 200, &json!({})).is_err());
        assert!(spec.answer(route, 204, &Value::Null).is_err());
    }

    #[test]
    fn rights_as_text_are_numbers_to_the_document() {
        let mut body = json!([{ "default_member_permissions": "32" }, { "default_member_permissions": null }]);
        coerce(&mut body);
        assert_eq!(body[0]["default_member_permissions"], 32);
        assert!(body[1]["default_member_permissions"].is_null());
    }
}
