//! Filters: how they are read, echoed, and refused by a decoder.

use serde_json::{Map, Value, json};

use super::reply::Problem;

/// The bands of the equalizer.
const BANDS: i64 = 15;

/// Every filter, in the order in which the node names them.
pub(super) const FILTERS: [&str; 10] = [
    "volume",
    "equalizer",
    "karaoke",
    "timescale",
    "tremolo",
    "vibrato",
    "distortion",
    "rotation",
    "channelMix",
    "lowPass",
];

/// The numbers of a filter with their defaults.
fn defaults(name: &str) -> &'static [(&'static str, f64)] {
    match name {
        "karaoke" => &[
            ("level", 1.0),
            ("monoLevel", 1.0),
            ("filterBand", 220.0),
            ("filterWidth", 100.0),
        ],
        "timescale" => &[("speed", 1.0), ("pitch", 1.0), ("rate", 1.0)],
        "tremolo" | "vibrato" => &[("frequency", 2.0), ("depth", 0.5)],
        "distortion" => &[
            ("sinOffset", 0.0),
            ("sinScale", 1.0),
            ("cosOffset", 0.0),
            ("cosScale", 1.0),
            ("tanOffset", 0.0),
            ("tanScale", 1.0),
            ("offset", 0.0),
            ("scale", 1.0),
        ],
        "rotation" => &[("rotationHz", 0.0)],
        "channelMix" => &[
            ("leftToLeft", 1.0),
            ("leftToRight", 0.0),
            ("rightToLeft", 0.0),
            ("rightToRight", 1.0),
        ],
        "lowPass" => &[("smoothing", 20.0)],
        _ => &[],
    }
}

/// Reads the filters of a request: what is not given gets its default, what is unknown or `null` is dropped.
pub(super) fn read(filters: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let mut out = Map::new();
    for name in FILTERS {
        let Some(value) = filters.get(name).filter(|value| !value.is_null()) else {
            continue;
        };
        let echoed = match name {
            "volume" => json!(number(value)?),
            "equalizer" => bands(value)?,
            _ => {
                let given = value.as_object().ok_or_else(Problem::undecodable)?;
                let mut echo = Map::new();
                for (key, default) in defaults(name) {
                    let value = given.get(*key).map_or(Ok(*default), number)?;
                    echo.insert((*key).to_owned(), json!(value));
                }
                Value::Object(echo)
            }
        };
        out.insert(name.to_owned(), echoed);
    }
    match filters.get("pluginFilters") {
        None | Some(Value::Object(_)) => Ok(out),
        Some(_) => Err(Problem::undecodable()),
    }
}

fn number(value: &Value) -> Result<f64, Problem> {
    value.as_f64().ok_or_else(Problem::undecodable)
}

fn bands(value: &Value) -> Result<Value, Problem> {
    let list = value.as_array().ok_or_else(Problem::undecodable)?;
    let mut out = Vec::with_capacity(list.len());
    for band in list {
        let number_of = band
            .get("band")
            .and_then(Value::as_i64)
            .ok_or_else(Problem::undecodable)?;
        let gain = band.get("gain").map_or(Ok(1.0), number)?;
        out.push(json!({ "band": number_of, "gain": gain }));
    }
    Ok(Value::Array(out))
}

/// The filters of these that are switched off.
pub(super) fn check(filters: &Map<String, Value>, disabled: &[String]) -> Result<(), Problem> {
    let off: Vec<&str> = FILTERS
        .into_iter()
        .filter(|name| filters.contains_key(*name) && disabled.iter().any(|off| off == name))
        .collect();
    if off.is_empty() {
        return Ok(());
    }
    let message = format!("Following filters are disabled in the config: {}", off.join(", "));
    Err(Problem::bad(&message))
}

/// A band that the equalizer does not have is found only when it is set.
pub(super) fn check_bands(filters: &Map<String, Value>) -> Result<(), Problem> {
    let bands = filters.get("equalizer").and_then(Value::as_array);
    let mut numbers = bands.into_iter().flatten().filter_map(|band| band["band"].as_i64());
    match numbers.find(|band| !(0..BANDS).contains(band)) {
        None => Ok(()),
        Some(band) => Err(Problem::uncaught(Some(&format!(
            "java.lang.ArrayIndexOutOfBoundsException: Index {band} out of bounds for length {BANDS}"
        )))),
    }
}

fn value_of(filters: &Map<String, Value>, name: &str, key: &str) -> Option<f64> {
    filters.get(name)?.get(key)?.as_f64()
}

/// How fast a track runs with these filters: track time per time heard.
pub(super) fn speed(filters: &Map<String, Value>) -> f64 {
    let of = |key| value_of(filters, "timescale", key).unwrap_or(1.0);
    let speed = of("speed") * of("rate");
    if speed > 0.0 { speed } else { 1.0 }
}

/// Why a decoder fails with these filters: the error it throws.
pub(super) fn refused(filters: &Map<String, Value>) -> Option<&'static str> {
    let of = |name, key| value_of(filters, name, key);
    if filters
        .get("volume")
        .and_then(Value::as_f64)
        .is_some_and(|volume| volume < 0.0)
    {
        return Some("java.lang.IllegalArgumentException: Volume < 0.0");
    }
    for (key, why) in [
        ("speed", "java.lang.IllegalArgumentException: speed <= 0"),
        ("pitch", "java.lang.IllegalArgumentException: pitch <= 0"),
        ("rate", "java.lang.IllegalArgumentException: rate <= 0"),
    ] {
        if of("timescale", key).is_some_and(|value| value <= 0.0) {
            return Some(why);
        }
    }
    for name in ["tremolo", "vibrato"] {
        let most = if name == "vibrato" { 14.0 } else { f64::MAX };
        if of(name, "depth").is_some_and(|depth| depth > 1.0) {
            return Some("java.lang.IllegalArgumentException: Depth > 1");
        }
        if of(name, "depth").is_some_and(|depth| depth <= 0.0) {
            return Some("java.lang.IllegalArgumentException: Depth <= 0");
        }
        if of(name, "frequency").is_some_and(|frequency| frequency <= 0.0 || frequency > most) {
            return Some("java.lang.IllegalArgumentException: Frequency out of range");
        }
    }
    None
}
