//! A WAV file that is never held: a loop that goes round, with a header in front of it. Pure.

use std::sync::Arc;

use super::tune::RATE;

const HEADER: u64 = 44;

/// Bytes of a sample.
const WIDTH: u64 = 2;

/// A longer track is as long as this many whole loops allow; who plays it goes round. Seconds.
const LONGEST_S: u64 = 600;

/// A file of a track's length.
pub(super) struct Wav {
    /// The loop's bytes.
    tune: Arc<Vec<u8>>,
    samples: u64,
}

impl Wav {
    /// A file as long as the track. A live stream, and what is longer than ten minutes, gets whole loops.
    pub(super) fn new(tune: Arc<Vec<u8>>, length_ms: Option<u64>) -> Self {
        let longest = LONGEST_S * u64::from(RATE);
        let around = (tune.len() as u64 / WIDTH).max(1);
        let samples = length_ms
            .map(|ms| ms.saturating_mul(u64::from(RATE)) / 1_000)
            .filter(|samples| *samples <= longest)
            .unwrap_or(longest / around * around);
        Self { tune, samples }
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        HEADER + self.samples * WIDTH
    }

    /// The bytes from `from` to before `to`.
    pub(super) fn bytes(&self, from: u64, to: u64) -> Vec<u8> {
        let to = to.min(self.length());
        let wanted = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
        let mut out: Vec<u8> = match usize::try_from(from) {
            Ok(from) if from < self.header().len() => self.header().into_iter().skip(from).take(wanted).collect(),
            Ok(_) | Err(_) => Vec::new(),
        };
        out.reserve(wanted - out.len());
        let around = self.tune.len().max(1) as u64;
        let mut at = usize::try_from(from.saturating_sub(HEADER) % around).unwrap_or(0);
        while out.len() < wanted {
            let piece = self.tune.get(at..).unwrap_or_default();
            let piece = &piece[..piece.len().min(wanted - out.len())];
            if piece.is_empty() {
                break;
            }
            out.extend_from_slice(piece);
            at = 0;
        }
        out
    }

    fn header(&self) -> Vec<u8> {
        let size = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        let data = self.samples * WIDTH;
        let mut out = Vec::with_capacity(44);
        out.extend_from_slice(b"RIFF");
        out.extend_from_slice(&size(HEADER - 8 + data));
        out.extend_from_slice(b"WAVEfmt ");
        out.extend_from_slice(&16_u32.to_le_bytes());
        // PCM, one channel.
        out.extend_from_slice(&[1, 0, 1, 0]);
        out.extend_from_slice(&RATE.to_le_bytes());
        out.extend_from_slice(&size(u64::from(RATE) * WIDTH));
        out.extend_from_slice(&[2, 0, 16, 0]);
        out.extend_from_slice(b"data");
        out.extend_from_slice(&size(data));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(length_ms: Option<u64>) -> Wav {
        let samples = (0..1_000_i16).flat_map(i16::to_le_bytes);
        Wav::new(Arc::new(samples.collect()), length_ms)
    }

    #[test]
    fn the_header_tells_the_truth() {
        let wav = wav(Some(187_000));
        let header = wav.bytes(0, HEADER);
        let number = |at: usize| u64::from(u32::from_le_bytes(header[at..at + 4].try_into().unwrap()));
        assert_eq!(header.len(), 44);
        assert_eq!(number(4) + 8, wav.length());
        assert_eq!(number(24), u64::from(RATE));
        assert_eq!(number(40) / WIDTH, 187 * u64::from(RATE));
    }

    #[test]
    fn the_loop_goes_round_sample_by_sample() {
        let wav = wav(Some(100));
        let data = wav.bytes(HEADER, wav.length());
        for (nth, sample) in data.chunks_exact(2).enumerate() {
            assert_eq!(
                usize::try_from(i16::from_le_bytes([sample[0], sample[1]])),
                Ok(nth % 1_000)
            );
        }
    }

    #[test]
    fn any_part_is_what_the_whole_has_there() {
        let wav = wav(Some(100));
        let whole = wav.bytes(0, wav.length());
        assert_eq!(whole.len() as u64, wav.length());
        for (from, to) in [
            (0, 1),
            (43, 47),
            (44, 45),
            (45, 46),
            (1_999, 2_051),
            (4_000, wav.length()),
        ] {
            let part = &whole[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
            assert_eq!(wav.bytes(from, to), part, "{from}..{to}");
        }
    }

    #[test]
    fn hours_and_live_streams_are_whole_loops() {
        for length_ms in [None, Some(36_000_000), Some(u64::MAX)] {
            let wav = wav(length_ms);
            assert_ne!(wav.length(), HEADER);
            assert_eq!((wav.length() - HEADER) / WIDTH % 1_000, 0);
            assert!(wav.length() < 30 << 20, "{length_ms:?}");
        }
    }
}
