//! The classes of harm.

use fastrand::Rng;
use serde_json::Value;

/// Spoils a shape; the third argument is all shapes.
pub(super) type Harm = fn(&mut Rng, &Value, &[Value]) -> Vec<u8>;

/// Stands in a shape where a value was taken out.
const HOLE: &str = "\u{1}hole\u{1}";

/// Every class by name.
pub(super) const CLASSES: &[(&str, Harm)] = &[
    ("unharmed", |_, shape, _| shape.to_string().into_bytes()),
    // One value becomes another.
    ("null", |random, shape, _| put(random, shape, |_, _| "null".into())),
    ("true or false", |random, shape, _| {
        put(random, shape, |random, _| random.bool().to_string())
    }),
    ("zero", |random, shape, _| put(random, shape, |_, _| "0".into())),
    ("minus zero", |random, shape, _| put(random, shape, |_, _| "-0".into())),
    ("negative", |random, shape, _| {
        put(random, shape, |random, _| format!("-{}", random.u64(1..1 << 40)))
    }),
    ("greatest u64", |random, shape, _| {
        put(random, shape, |_, _| u64::MAX.to_string())
    }),
    ("beyond u64", |random, shape, _| {
        put(random, shape, |_, _| "18446744073709551616".into())
    }),
    ("least i64", |random, shape, _| {
        put(random, shape, |_, _| i64::MIN.to_string())
    }),
    ("greatest i64", |random, shape, _| {
        put(random, shape, |_, _| i64::MAX.to_string())
    }),
    ("around u32", |random, shape, _| {
        put(random, shape, |random, _| {
            (u64::from(u32::MAX) + random.u64(0..3) - 1).to_string()
        })
    }),
    ("fraction", |random, shape, _| {
        put(random, shape, |random, _| random.f64().to_string())
    }),
    ("1e308", |random, shape, _| put(random, shape, |_, _| "1e308".into())),
    ("1e999", |random, shape, _| put(random, shape, |_, _| "-1e999".into())),
    ("1e-999", |random, shape, _| put(random, shape, |_, _| "1e-999".into())),
    ("NaN", |random, shape, _| put(random, shape, |_, _| "NaN".into())),
    ("400 digits", |random, shape, _| {
        put(random, shape, |_, _| "9".repeat(400))
    }),
    ("number as text", |random, shape, _| {
        put(random, shape, |random, _| format!("\"{}\"", random.u64(..)))
    }),
    ("text as number", |random, shape, _| {
        put(random, shape, |_, old| old.trim_matches('"').to_owned())
    }),
    ("empty text", |random, shape, _| {
        put(random, shape, |_, _| "\"\"".into())
    }),
    ("blank text", |random, shape, _| {
        put(random, shape, |_, _| "\" \\t\\n \"".into())
    }),
    ("huge text", |random, shape, _| {
        put(random, shape, |random, _| {
            format!("\"{}\"", "x".repeat(random.usize(1_000..60_000)))
        })
    }),
    ("huge wide text", |random, shape, _| {
        put(random, shape, |random, _| {
            format!("\"{}\"", "\u{1F3B5}\u{301}".repeat(random.usize(100..5_000)))
        })
    }),
    ("NUL in text", |random, shape, _| {
        put(random, shape, |_, _| "\"a\\u0000b\"".into())
    }),
    ("half a pair", |random, shape, _| {
        put(random, shape, |_, _| "\"\\ud83c\"".into())
    }),
    ("wrong escape", |random, shape, _| {
        put(random, shape, |_, _| "\"\\x41\"".into())
    }),
    ("text that turns round", |random, shape, _| {
        put(random, shape, |_, _| "\"\u{202E}\u{200B}e\u{301}\u{FEFF}\"".into())
    }),
    ("text that means something", |random, shape, _| {
        let words = [
            "@everyone",
            "'; DROP TABLE guild;--",
            "../../etc",
            "${DISCORD_TOKEN}",
            "{{7*7}}",
            "1:99:99",
            "-1-",
        ];
        put(random, shape, move |random, _| {
            format!("\"{}\"", words[random.usize(..words.len())])
        })
    }),
    ("wrong word", |random, shape, _| put(random, shape, wrong_word)),
    ("empty list", |random, shape, _| put(random, shape, |_, _| "[]".into())),
    ("empty object", |random, shape, _| {
        put(random, shape, |_, _| "{}".into())
    }),
    ("in a list", |random, shape, _| {
        put(random, shape, |_, old| format!("[{old},{old}]"))
    }),
    ("in an object", |random, shape, _| {
        put(random, shape, |_, old| format!("{{\"id\":{old}}}"))
    }),
    ("long list", |random, shape, _| {
        put(random, shape, |random, old| {
            let short = if old.len() > 200 { "null" } else { old };
            format!("[{short}{}]", format!(",{short}").repeat(random.usize(1..500)))
        })
    }),
    ("deep lists", |random, shape, _| {
        put(random, shape, |random, old| {
            let depth = random.usize(50..2_000);
            format!("{}{old}{}", "[".repeat(depth), "]".repeat(depth))
        })
    }),
    ("deep objects", |random, shape, _| {
        put(random, shape, |random, old| {
            let depth = random.usize(50..2_000);
            format!("{}{old}{}", "{\"d\":".repeat(depth), "}".repeat(depth))
        })
    }),
    ("depth without end", |random, shape, _| {
        put(random, shape, |_, _| "[{\"d\":".repeat(10_000))
    }),
    // The members of an object.
    ("a field is missing", |random, shape, _| {
        members(random, shape, |random, all| {
            if !all.is_empty() {
                all.remove(random.usize(..all.len()));
            }
        })
    }),
    ("all fields are missing", |random, shape, _| {
        members(random, shape, |_, all| all.clear())
    }),
    ("a field stands twice", |random, shape, _| {
        members(random, shape, |random, all| {
            if let Some(one) = random.choice(all.iter()).cloned() {
                all.insert(random.usize(..=all.len()), one);
            }
        })
    }),
    ("a field stands twice, once as null", |random, shape, _| {
        members(random, shape, |random, all| {
            if let Some((name, _)) = random.choice(all.iter()).cloned() {
                all.insert(random.usize(..=all.len()), (name, "null".into()));
            }
        })
    }),
    ("an unknown field", |random, shape, _| {
        members(random, shape, |random, all| {
            all.insert(
                random.usize(..=all.len()),
                ("\"unheard_of\"".into(), "[1,{\"a\":null}]".into()),
            );
        })
    }),
    ("many unknown fields", |random, shape, _| {
        members(random, shape, |_, all| {
            all.extend((0..500).map(|number| (format!("\"f{number}\""), number.to_string())));
        })
    }),
    ("a field of another name", |random, shape, _| {
        members(random, shape, |random, all| {
            let place = random.usize(..all.len().max(1));
            if let Some((name, _)) = all.get_mut(place) {
                *name = name.to_uppercase();
            }
        })
    }),
    ("values change places", |random, shape, _| {
        members(random, shape, |random, all| {
            if all.len() > 1 {
                let (one, other) = (random.usize(..all.len()), random.usize(..all.len()));
                let kept = all[one].1.clone();
                all[one].1 = std::mem::replace(&mut all[other].1, kept);
            }
        })
    }),
    ("fields in another order", |random, shape, _| {
        members(random, shape, |random, all| random.shuffle(all))
    }),
    // The bytes.
    ("one bit", |random, shape, _| bytes(shape, |all| flip(random, all, 1))),
    ("some bits", |random, shape, _| {
        bytes(shape, |all| flip(random, all, 12))
    }),
    ("cut off", |random, shape, _| {
        bytes(shape, |all| all.truncate(random.usize(..=all.len())))
    }),
    ("without its beginning", |random, shape, _| {
        bytes(shape, |all| {
            all.drain(..random.usize(..=all.len()));
        })
    }),
    ("a part is missing", |random, shape, _| {
        bytes(shape, |all| {
            let from = random.usize(..=all.len());
            let to = random.usize(from..=all.len().min(from + 20));
            all.drain(from..to);
        })
    }),
    ("a part stands twice", |random, shape, _| {
        bytes(shape, |all| {
            let from = random.usize(..=all.len());
            let to = random.usize(from..=all.len());
            let part = all[from..to].to_vec();
            all.splice(to..to, part);
        })
    }),
    ("half of another", |random, shape, shapes| {
        let other = shapes[random.usize(..shapes.len())].to_string().into_bytes();
        bytes(shape, |all| {
            all.truncate(random.usize(..=all.len()));
            all.extend_from_slice(&other[random.usize(..=other.len())..]);
        })
    }),
    ("invalid UTF-8", |random, shape, _| {
        bytes(shape, |all| {
            let at = random.usize(..=all.len());
            let wrong: &[u8] = [
                &[0xFF][..],
                &[0xC0, 0x80],
                &[0xED, 0xA0, 0x80],
                &[0xF5, 0x80, 0x80, 0x80],
            ][random.usize(..4)];
            all.splice(at..at, wrong.iter().copied());
        })
    }),
    ("byte order mark", |_, shape, _| {
        bytes(shape, |all| drop(all.splice(0..0, [0xEF, 0xBB, 0xBF])))
    }),
    ("something behind", |_, shape, _| {
        bytes(shape, |all| all.extend_from_slice(b"}{\"op\":0}"))
    }),
    ("much space", |_, shape, _| {
        bytes(shape, |all| drop(all.splice(0..0, vec![b' '; 20_000])))
    }),
    ("noise", |random, _, _| {
        (0..random.usize(..300)).map(|_| random.u8(..)).collect()
    }),
    ("nothing", |_, _, _| Vec::new()),
];

fn bytes(shape: &Value, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut all = shape.to_string().into_bytes();
    change(&mut all);
    all
}

fn flip(random: &mut Rng, all: &mut [u8], times: usize) {
    for _ in 0..times {
        let at = random.usize(..all.len().max(1));
        if let Some(byte) = all.get_mut(at) {
            *byte ^= 1 << random.u8(..8);
        }
    }
}

/// Puts another text in the place of any value.
fn put(random: &mut Rng, shape: &Value, text: impl FnOnce(&mut Rng, &str) -> String) -> Vec<u8> {
    let mut shape = shape.clone();
    let mut left = random.usize(..count(&shape, |_| true));
    let old = nth(&mut shape, &mut left, |_| true).map(|value| std::mem::replace(value, hole()));
    let new = text(random, &old.unwrap_or_default().to_string());
    fill(&shape, &new)
}

/// Changes the members of any object, as pairs of texts.
fn members(random: &mut Rng, shape: &Value, change: impl FnOnce(&mut Rng, &mut Vec<(String, String)>)) -> Vec<u8> {
    let mut shape = shape.clone();
    let objects = count(&shape, Value::is_object);
    if objects == 0 {
        return shape.to_string().into_bytes();
    }
    let mut left = random.usize(..objects);
    let old = nth(&mut shape, &mut left, Value::is_object).map(|value| std::mem::replace(value, hole()));
    let mut all: Vec<(String, String)> = old
        .iter()
        .filter_map(Value::as_object)
        .flatten()
        .map(|(name, value)| (Value::from(name.as_str()).to_string(), value.to_string()))
        .collect();
    change(random, &mut all);
    let all: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
    fill(&shape, &format!("{{{}}}", all.join(",")))
}

fn hole() -> Value {
    Value::from(HOLE)
}

fn fill(shape: &Value, new: &str) -> Vec<u8> {
    shape.to_string().replacen(&hole().to_string(), new, 1).into_bytes()
}

fn count(value: &Value, fits: fn(&Value) -> bool) -> usize {
    let inner: usize = match value {
        Value::Array(all) => all.iter().map(|one| count(one, fits)).sum(),
        Value::Object(all) => all.values().map(|one| count(one, fits)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    inner + usize::from(fits(value))
}

fn nth<'a>(value: &'a mut Value, left: &mut usize, fits: fn(&Value) -> bool) -> Option<&'a mut Value> {
    if fits(value) {
        if *left == 0 {
            return Some(value);
        }
        *left -= 1;
    }
    match value {
        Value::Array(all) => all.iter_mut().find_map(|one| nth(one, left, fits)),
        Value::Object(all) => all.values_mut().find_map(|one| nth(one, left, fits)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A text that is nearly the old one.
fn wrong_word(random: &mut Rng, old: &str) -> String {
    let word = old.trim_matches('"');
    let new = match random.u8(..4) {
        0 => word.to_uppercase(),
        1 => format!("{word}_2"),
        2 => word.chars().skip(1).collect(),
        _ => word.chars().rev().collect(),
    };
    Value::from(new).to_string()
}
