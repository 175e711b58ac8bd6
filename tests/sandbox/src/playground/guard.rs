//! Who may ask the page's server for anything.

use hyper::{Method, Request};

/// Only pages of this server may ask: another site that is open in the same browser must not, nor one that makes its
/// name point here.
pub(super) fn guard<T>(request: &Request<T>, port: u16) -> Result<(), &'static str> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let host = header("host").unwrap_or_default();
    if !hosts.iter().any(|known| known == host) {
        return Err("this page answers to 127.0.0.1 and localhost with its port only");
    }
    if request.method() != Method::POST {
        return Ok(());
    }
    let same_site = header("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let origin = header("origin").is_none_or(|origin| origin == format!("http://{host}"));
    let is_form = header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    match (same_site && origin, is_form) {
        (true, true) => Ok(()),
        (false, _) => Err("another site may not send orders here"),
        (true, false) => Err("orders are forms: application/x-www-form-urlencoded"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method).uri("/say");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request")
    }

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    #[test]
    fn only_its_own_pages_may_send_orders() {
        let host = ("host", "127.0.0.1:3053");
        assert!(guard(&request("GET", &[host]), 3_053).is_ok());
        assert!(guard(&request("POST", &[host, FORM]), 3_053).is_ok());
        assert!(
            guard(
                &request("POST", &[host, FORM, ("origin", "http://127.0.0.1:3053")]),
                3_053
            )
            .is_ok()
        );
        for headers in [
            vec![("host", "evil.example:3053"), FORM],
            vec![("host", "127.0.0.1:80"), FORM],
            vec![FORM],
            vec![host, FORM, ("origin", "https://evil.example")],
            vec![host, FORM, ("sec-fetch-site", "cross-site")],
            vec![host, ("content-type", "text/plain")],
            vec![host],
        ] {
            assert!(guard(&request("POST", &headers), 3_053).is_err(), "{headers:?}");
        }
        assert!(guard(&request("GET", &[("host", "evil.example")]), 3_053).is_err());
    }
}
