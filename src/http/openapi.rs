//! This interface as an OpenAPI document, made from the table of routes.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value, json};

use super::asked::{Asked, answered, data};
use super::door::Scope;
use super::routes::{Method, ROUTES, Route};

static DOCUMENT: LazyLock<Value> = LazyLock::new(whole);

pub(super) fn document(_: Asked) -> LocalBoxFuture<'static, HttpResponse> {
    answered(data(&DOCUMENT))
}

/// The document of the status interface.
pub(super) fn whole() -> Value {
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|route| route.server == "status") {
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        paths.insert(route.path.to_owned(), json!({ method: operation(route) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ostinato",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Sees and steers a running bot. Errors are problem documents as RFC 9457 has them.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic" },
            },
        },
    })
}

/// The names in braces of a path.
fn named(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = named(route.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let mut operation = json!({
        "operationId": identifier(route),
        "summary": route.about,
        "x-scope": route.scope.name(),
        "responses": {
            "200": { "description": "It is so, or it was done." },
            "default": { "description": "A problem document.", "content": { "application/problem+json": {} } },
        },
    });
    let fields = route.fields.iter();
    match route.method {
        Method::Get => parameters.extend(fields.map(|field| {
            json!({ "name": field.name, "in": "query", "description": field.about, "schema": { "type": field.kind } })
        })),
        Method::Post => {
            let properties: Map<String, Value> = fields
                .map(|field| (field.name.to_owned(), json!({ "type": field.kind, "description": field.about })))
                .collect();
            let schema = json!({ "type": "object", "properties": properties });
            put(&mut operation, "requestBody", json!({ "content": { "application/json": { "schema": schema } } }));
        }
    }
    put(&mut operation, "parameters", json!(parameters));
    if route.scope != Scope::Open {
        put(&mut operation, "security", json!([{ "bearer": [] }, { "basic": [] }]));
    }
    operation
}

fn put(operation: &mut Value, name: &str, value: Value) {
    if let Some(fields) = operation.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// A name for generated clients: the path's words.
fn identifier(route: &Route) -> String {
    let words: String = route
        .path
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    if words.is_empty() {
        "console".into()
    } else {
        words.join("_")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_says_of_each_route_what_it_takes() {
        let document = whole();
        let paths = document["paths"].as_object().unwrap();
        let mut names = BTreeSet::new();
        for route in ROUTES.iter().filter(|route| route.server == "status") {
            let method = if route.method == Method::Get { "get" } else { "post" };
            let operation = &paths[route.path][method];
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{route:?}");
            let parameters = operation["parameters"].as_array().unwrap();
            for name in named(route.path) {
                assert!(
                    parameters.iter().any(|parameter| parameter["name"] == name),
                    "{route:?}"
                );
            }
            assert_eq!(operation.get("security").is_none(), route.scope == Scope::Open);
            if route.method == Method::Post {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                assert!(
                    route
                        .fields
                        .iter()
                        .all(|field| schema["properties"].get(field.name).is_some())
                );
            }
        }
        assert_eq!(paths.len(), names.len());
    }
}
