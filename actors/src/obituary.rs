//! Seeing deaths: what was said at a panic, a number to speak of it by, and the safety net for what no guard catches.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

thread_local! {
    /// Message and place of the newest panic of this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// How much of a panic's message is kept, characters: it can hold what a user wrote.
const MESSAGE_CHARS: usize = 300;

/// Digits of a reference: no I, L, O or U, so that it survives being read aloud.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Installs the panic hook, once a process. It leaves message and place for the guard and prints nothing inside one.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let message = payload(info.payload());
            let place = info.location().map_or_else(
                || "nowhere known".to_owned(),
                |at| format!("{}:{}", at.file(), at.line()),
            );
            let guarded = LAST.try_with(|last| {
                let Ok(mut last) = last.try_borrow_mut() else {
                    return false;
                };
                let guarded = last.is_some();
                if guarded {
                    *last = Some(format!("{message} at {place}"));
                }
                guarded
            });
            if !guarded.unwrap_or(false) {
                before(info);
            }
        }));
    });
}

fn payload(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words");
    text.chars().take(MESSAGE_CHARS).collect()
}

/// Runs `act`; a panic in it becomes the message and place of it.
pub(crate) fn guard<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    // An empty note marks the guard for the hook; the one of an outer guard is put back.
    let outer = LAST.with(|last| last.borrow_mut().replace(String::new()));
    let result = catch_unwind(AssertUnwindSafe(act));
    let said = LAST.with(|last| std::mem::replace(&mut *last.borrow_mut(), outer));
    result.map_err(|caught| {
        said.filter(|said| !said.is_empty())
            .unwrap_or_else(|| payload(&*caught))
    })
}

/// A short number to speak of a death by.
pub(crate) fn reference(chance: u64) -> Arc<str> {
    let digit = |n: u32| {
        let index = usize::try_from((chance >> (5 * n)) & 31).unwrap_or(0);
        DIGITS.get(index).map_or('0', |digit| char::from(*digit))
    };
    (0..7).map(digit).collect::<String>().into()
}

/// Tells of a death when it is dropped. The safety net: a living actor's word comes first and makes it late.
pub(crate) struct Obituary(Option<Box<dyn FnOnce()>>);

impl Obituary {
    /// Says `last_words` when dropped. They must not panic.
    pub(crate) fn new(last_words: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(last_words)))
    }
}

impl Drop for Obituary {
    fn drop(&mut self) {
        if let Some(last_words) = self.0.take() {
            last_words();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_tells_message_and_place_and_nests() {
        install_hook();
        let told = guard(|| {
            let inner = guard(|| panic!("inner"));
            assert!(inner.is_err_and(|said: String| said.starts_with("inner at ")));
            panic!("outer {}", 1);
        });
        let said = told.map(|()| String::new()).unwrap_or_else(|said| said);
        assert!(
            said.starts_with("outer 1 at ") && said.contains("obituary.rs:"),
            "{said}"
        );
        assert_eq!(guard(|| 5), Ok(5));
    }

    #[test]
    fn references_have_no_look_alikes() {
        for chance in (0..10_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
            let reference = reference(chance);
            assert_eq!(reference.len(), 7);
            assert!(!reference.contains(['I', 'L', 'O', 'U']), "{reference}");
        }
    }
}
