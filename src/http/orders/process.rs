//! Orders of the process itself.

use actix_web::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Book, Said, allowed, body};
use crate::config::Struck;
use crate::http::asked::{Asked, answered};
use crate::http::door::problem;
use crate::http::steer::Leave;

fn leave(asked: &Asked, what: &str, how: Leave) -> Answer {
    let said = body!(asked);
    let book = Book::open(asked, what.to_owned(), said);
    // It stands in the books before the drain writes the last of them.
    let answer = book.close(Ok(json!({})));
    asked.door.steer.leave(how);
    answered(answer)
}

pub(in crate::http) fn drain_process(asked: Asked) -> Answer {
    leave(&asked, "stop the process", Leave::Stop)
}

pub(in crate::http) fn restart_process(asked: Asked) -> Answer {
    leave(&asked, "restart the process", Leave::Restart)
}

pub(in crate::http) fn register(asked: Asked) -> Answer {
    let said = body!(asked);
    let book = Book::open(&asked, "register the commands".into(), said);
    asked.door.steer.register();
    answered(book.close(Ok(json!({}))))
}

#[derive(Deserialize)]
struct Log {
    filter: String,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn log(asked: Asked) -> Answer {
    let Log { filter, said } = body!(asked);
    let book = Book::open(&asked, format!("log {filter}"), said);
    let set = asked.door.steer.levels().set(&filter);
    let result = set.map_err(|why| problem(StatusCode::BAD_REQUEST, "the filter can't be read", &why));
    answered(book.close(result.map(|()| json!({ "filter": filter }))))
}

#[derive(Deserialize)]
struct StoreFault {
    #[serde(default)]
    slow_ms: u64,
    #[serde(default)]
    full: bool,
    for_ms: u64,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn store_fault(asked: Asked) -> Answer {
    let StoreFault {
        slow_ms,
        full,
        for_ms,
        said,
    } = body!(asked);
    let what = match full {
        true => format!("let the store be full for {for_ms} ms"),
        false => format!("let the store be slower by {slow_ms} ms for {for_ms} ms"),
    };
    let book = Book::open(&asked, what, said);
    let allowed = allowed(&asked, Struck::Others);
    if allowed.is_ok() {
        let store = asked.door.steer.store();
        if full {
            store.full(for_ms);
        }
        if slow_ms > 0 {
            store.slow(slow_ms, for_ms);
        }
    }
    answered(book.close(allowed.map(|()| json!({}))))
}
