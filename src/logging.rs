//! Logs: one line an event, for people or as JSON, on standard error. No secret of the configuration passes.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, reload};

use crate::config::{LogConfig, Problem, Problems, Secret};

/// A shorter secret is not looked for in lines: it would be found in ordinary words.
const SHORTEST: usize = 5;
/// What stands in a secret's place.
const MASK: &[u8] = b"***";

/// Sends the process's events to standard error from now on.
///
/// # Errors
/// A filter that can't be read, or logs that were set up before.
pub fn init(config: &LogConfig, secrets: Vec<Secret>) -> Result<Levels, Problems> {
    let color = !config.no_color && io::stderr().is_terminal();
    let masked = Masked::new(io::stderr, secrets);
    let (subscriber, levels) = subscriber(config, color, masked)?;
    subscriber
        .try_init()
        .map_err(|error| problem("logs are set up twice", &error.to_string()))?;
    Ok(levels)
}

/// The levels of a log that is set up. Cloning shares them.
#[derive(Clone)]
pub struct Levels(Arc<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>);

impl std::fmt::Debug for Levels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Levels")
    }
}

impl Levels {
    /// Levels of no log.
    #[cfg(test)]
    pub fn fixed() -> Self {
        Self(Arc::new(|_| Ok(())))
    }

    /// Logs at these levels from now on.
    ///
    /// # Errors
    /// Why the filter can't be read, and what to write instead.
    pub fn set(&self, filter: &str) -> Result<(), String> {
        let told = |problems: Problems| {
            let all = problems
                .0
                .into_iter()
                .map(|one| format!("{}; {}", one.problem, one.fix));
            all.collect::<Vec<_>>().join("; ")
        };
        let read = read(filter).map_err(told)?;
        (self.0)(read)
    }
}

/// Reads a filter.
fn read(filter: &str) -> Result<EnvFilter, Problems> {
    if let Some((word, meant)) = misspelt(filter) {
        return Err(problem(
            &format!("`{word}` is no level and no part of this program"),
            &format!("did you mean `{meant}`? Levels: {}", LEVELS.join(", ")),
        ));
    }
    let told = |error: tracing_subscriber::filter::ParseError| {
        problem(
            &format!("`{filter}` is not a filter: {error}"),
            "write it like info,ostinato::lavalink=debug",
        )
    };
    let read = EnvFilter::try_new(filter).map_err(told)?;
    if read.max_level_hint() <= Some(LevelFilter::WARN) {
        return Ok(read);
    }
    // What the library of the HTTP servers tells at info is its inside, not the story of the process. Who names it in the
    // filter goes first.
    EnvFilter::try_new(format!("actix_server=warn,{filter}")).map_err(told)
}

fn problem(problem: &str, fix: &str) -> Problems {
    Problems(vec![Problem {
        key: "log.filter".into(),
        origin: "RUST_LOG".into(),
        problem: problem.into(),
        fix: fix.into(),
    }])
}

/// The levels of a filter.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A word of a filter that is nearly a level. It would be taken for the name of a module, and nothing be logged at all.
fn misspelt(filter: &str) -> Option<(&str, &'static str)> {
    let lone = filter
        .split(',')
        .map(str::trim)
        .filter(|word| !word.contains(['=', ':', '[', '_']));
    lone.filter(|word| !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)))
        .find_map(|word| {
            let near = LEVELS
                .iter()
                .find(|level| strsim::damerau_levenshtein(&word.to_lowercase(), level) <= 2);
            near.map(|level| (word, *level))
        })
}

/// What turns events into lines on `writer`.
fn subscriber<W>(
    config: &LogConfig,
    color: bool,
    writer: W,
) -> Result<(Box<dyn Subscriber + Send + Sync>, Levels), Problems>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(read(&config.filter)?);
    let levels = Levels(Arc::new(move |filter| {
        handle.reload(filter).map_err(|error| error.to_string())
    }));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let subscriber: Box<dyn Subscriber + Send + Sync> = if config.json {
        Box::new(
            registry.with(
                lines
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(false),
            ),
        )
    } else {
        Box::new(registry.with(lines.with_ansi(color).with_target(false)))
    };
    Ok((subscriber, levels))
}

/// A writer that replaces every configured secret by `***`. Types hide secrets already; this holds even where a library
/// prints what it was given.
struct Masked<W> {
    inner: W,
    secrets: Arc<[Secret]>,
}

impl<W> Masked<W> {
    fn new(inner: W, mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| secret.reveal().len() >= SHORTEST);
        // A secret that contains another goes first, or its rest would stay.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        Self {
            inner,
            secrets: secrets.into(),
        }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masked<W> {
    type Writer = MaskedLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine {
            inner: self.inner.make_writer(),
            secrets: Arc::clone(&self.secrets),
        }
    }
}

/// One event on its way out; it comes in one piece.
struct MaskedLine<W> {
    inner: W,
    secrets: Arc<[Secret]>,
}

impl<W: Write> Write for MaskedLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&mask(line, &self.secrets))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn mask<'a>(line: &'a [u8], secrets: &[Secret]) -> std::borrow::Cow<'a, [u8]> {
    let mut line = std::borrow::Cow::Borrowed(line);
    for secret in secrets {
        let needle = secret.reveal().as_bytes();
        let mut from = 0;
        while let Some(at) = line
            .get(from..)
            .and_then(|rest| rest.windows(needle.len()).position(|w| w == needle))
        {
            let start = from + at;
            line.to_mut().splice(start..start + needle.len(), MASK.iter().copied());
            from = start + MASK.len();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, filter: &str, secrets: &[&str], event: impl FnOnce()) -> String {
        let config = LogConfig {
            json,
            filter: filter.into(),
            no_color: true,
        };
        let kept = Kept::default();
        let writer = kept.clone();
        let masked = Masked::new(
            move || writer.clone(),
            secrets.iter().map(|text| Secret::new(text)).collect(),
        );
        tracing::subscriber::with_default(subscriber(&config, false, masked).unwrap().0, event);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_level_that_is_misspelt_is_not_taken_for_a_module() {
        assert_eq!(misspelt("inof"), Some(("inof", "info")));
        assert_eq!(misspelt("warn,debgu"), Some(("debgu", "debug")));
        for good in [
            "info",
            "INFO",
            "warn,ostinato=debug",
            "ostinato::lavalink=trace",
            "ostinato",
            "hyper=off,info",
            "",
        ] {
            assert_eq!(misspelt(good), None, "{good}");
        }
    }

    #[test]
    fn a_line_for_people_has_level_sentence_and_fields() {
        let line = logged(false, "info", &[], || {
            tracing::info!(guild = 7, cause = "interaction 9", "skipped a track")
        });
        assert!(
            line.contains("INFO skipped a track guild=7 cause=\"interaction 9\""),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_line_for_machines_is_one_flat_object() {
        let line = logged(true, "info", &[], || tracing::warn!(guild = 7, "node lost"));
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["level"], "WARN");
        assert_eq!(object["message"], "node lost");
        assert_eq!(object["guild"], 7);
    }

    #[test]
    fn no_secret_passes_even_if_somebody_logs_it() {
        for json in [false, true] {
            let line = logged(json, "trace", &["hunter2hunter2", "hunter2"], || {
                tracing::error!(url = "http://x/?k=hunter2hunter2&l=hunter2", "Authorization: hunter2");
            });
            assert!(!line.contains("hunter2"), "{line}");
            assert_eq!(line.matches("***").count(), 3, "{line}");
        }
    }

    #[test]
    fn a_filter_decides_by_level_and_a_bad_one_is_refused() {
        assert_eq!(logged(false, "warn", &[], || tracing::info!("too quiet")), "");
        let config = LogConfig {
            json: false,
            filter: "loud=extremely".into(),
            no_color: true,
        };
        let refused = subscriber(&config, false, io::sink).err().unwrap().to_string();
        assert!(
            refused.contains("log.filter") && refused.contains("loud=extremely"),
            "{refused}"
        );
    }
}
