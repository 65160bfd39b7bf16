//! How many distinct values: exactly for as many as fit, by HyperLogLog beyond.

/// Values that are counted exactly.
const EXACT: usize = 2048;

/// Whether so many distinct values may be an estimate.
pub fn is_estimate(many: u64) -> bool {
    many > EXACT as u64
}

/// Registers beyond (a power of two): the standard error is 1.04 / sqrt(4096), 1.6 %.
const REGISTERS: usize = 4096;

/// A set of values of which only the size is asked. Values are given as well-mixed 64-bit hashes.
#[derive(Debug, Clone)]
pub enum Distinct {
    /// Their hashes, and 0 for those that are not there yet: most sets have few, and take no memory of their own.
    Few([u64; FEW]),
    /// Their hashes.
    Exact(Hashes),
    /// Flajolet et al., HyperLogLog, 2007.
    Estimate(Box<[u8]>),
}

/// An estimate to two figures: more it does not know.
fn rounded(estimate: f64) -> u64 {
    let unit = 10f64.powf(estimate.max(10.0).log10().floor() - 1.0);
    ((estimate / unit).round() * unit) as u64
}

/// Values that stand side by side.
const FEW: usize = 3;

impl Default for Distinct {
    fn default() -> Distinct {
        Distinct::Few([0; FEW])
    }
}

impl Distinct {
    /// Adds a value.
    pub fn add(&mut self, hash: u64) {
        // One hash in 2^64 is taken for another.
        let hash = hash.max(1);
        match self {
            Distinct::Few(few) => match few.iter_mut().find(|known| **known == hash || **known == 0) {
                Some(place) => *place = hash,
                None => {
                    let mut set = Hashes::default();
                    few.iter().for_each(|known| set.add(*known));
                    set.add(hash);
                    *self = Distinct::Exact(set);
                }
            },
            Distinct::Exact(set) => {
                set.add(hash);
                if set.len > EXACT {
                    self.estimate();
                }
            }
            Distinct::Estimate(registers) => note(registers, hash),
        }
    }

    /// Gives up exactness where that saves memory.
    pub fn estimate(&mut self) {
        if let Distinct::Exact(set) = self
            && set.len * 2 * size_of::<u64>() > REGISTERS
        {
            let mut registers = vec![0; REGISTERS].into_boxed_slice();
            set.iter().for_each(|hash| note(&mut registers, hash));
            *self = Distinct::Estimate(registers);
        }
    }

    /// Adds all values of another set.
    pub fn merge(&mut self, other: &Distinct) {
        match other {
            Distinct::Few(few) => known(few).for_each(|hash| self.add(hash)),
            Distinct::Exact(set) => set.iter().for_each(|hash| self.add(hash)),
            Distinct::Estimate(others) => {
                let mut registers = others.clone();
                match self {
                    Distinct::Few(few) => known(few).for_each(|hash| note(&mut registers, hash)),
                    Distinct::Exact(set) => set.iter().for_each(|hash| note(&mut registers, hash)),
                    Distinct::Estimate(own) => {
                        for (one, own) in registers.iter_mut().zip(own.iter()) {
                            *one = (*one).max(*own);
                        }
                    }
                }
                *self = Distinct::Estimate(registers);
            }
        }
    }

    /// How many; exact up to two thousand.
    pub fn len(&self) -> u64 {
        match self {
            Distinct::Few(few) => known(few).count() as u64,
            Distinct::Exact(set) => set.len as u64,
            Distinct::Estimate(registers) => {
                let sum: f64 = registers.iter().map(|rank| 2f64.powi(-i32::from(*rank))).sum();
                let count = REGISTERS as f64;
                let raw = 0.7213 / (1.0 + 1.079 / count) * count * count / sum;
                let zeros = registers.iter().filter(|rank| **rank == 0).count() as f64;
                // Few values: count the empty registers instead.
                let estimate = if raw <= 2.5 * count && zeros > 0.0 { count * (count / zeros).ln() } else { raw };
                rounded(estimate)
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values that take memory.
    pub fn held(&self) -> usize {
        match self {
            Distinct::Few(_) => self.len() as usize,
            Distinct::Exact(set) if set.len <= 16 => set.len,
            Distinct::Exact(set) => set.len * 2,
            Distinct::Estimate(registers) => registers.len() / size_of::<u64>(),
        }
    }
}

/// Those of a few places that are taken.
fn known(few: &[u64]) -> impl Iterator<Item = u64> {
    few.iter().copied().filter(|hash| *hash != 0)
}

/// A set of hashes, none of which is 0. They are well mixed, so the place of each is told by its own bits.
#[derive(Debug, Clone, Default)]
pub struct Hashes {
    /// A power of two of places, at most half of them taken; 0 in the others.
    places: Vec<u64>,
    len: usize,
}

impl Hashes {
    fn add(&mut self, hash: u64) {
        if self.places.len() <= self.len * 2 {
            let larger = vec![0; (self.places.len() * 2).max(8)];
            let before = std::mem::replace(&mut self.places, larger);
            self.len = 0;
            known(&before).for_each(|hash| self.put(hash));
        }
        self.put(hash);
    }

    fn put(&mut self, hash: u64) {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        while self.places[at] != hash {
            if self.places[at] == 0 {
                self.places[at] = hash;
                self.len += 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        known(&self.places)
    }
}

fn note(registers: &mut [u8], hash: u64) {
    let at = (hash >> 52) as usize;
    let rank = ((hash << 12) | (1 << 11)).leading_zeros() as u8 + 1;
    registers[at] = registers[at].max(rank);
}

/// A well-mixed 64-bit hash of bytes (wyhash, with its overlapping ends: texts of up to 16 bytes take no loop). The same on every
/// machine.
pub fn hash(bytes: &[u8], seed: u64) -> u64 {
    const KEYS: [u64; 3] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3];
    let mut state = seed ^ KEYS[0];
    let len = bytes.len();
    let (one, other) = if len <= 16 {
        if len >= 8 {
            (word(&bytes[..8]), word(&bytes[len - 8..]))
        } else if len >= 4 {
            (half(&bytes[..4]), half(&bytes[len - 4..]))
        } else if let Some(first) = bytes.first() {
            let parts = u64::from(*first) << 16 | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]);
            (parts, 0)
        } else {
            (0, 0)
        }
    } else {
        let mut rest = bytes;
        while rest.len() > 16 {
            state = folded(word(&rest[..8]) ^ KEYS[1], word(&rest[8..16]) ^ state);
            rest = &rest[16..];
        }
        (word(&bytes[len - 16..len - 8]), word(&bytes[len - 8..]))
    };
    let state = folded(one ^ KEYS[1], other ^ state);
    folded(state ^ KEYS[2], len as u64 ^ KEYS[1])
}

/// Mixes a number into a hash.
pub fn mix(state: u64, number: u64) -> u64 {
    folded(state ^ 0x8ebc_6af0_9c88_c6e3, number ^ 0xe703_7ed1_a0b4_28db)
}

fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ ((product >> 64) as u64)
}

fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

fn half(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u32::from_le_bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_exact_many_are_near() {
        for (many, tolerance) in [(0, 0.0), (3, 0.0), (5, 0.0), (17, 0.0), (2000, 0.0), (100_000, 0.06)] {
            let mut set = Distinct::default();
            let mut halves = [Distinct::default(), Distinct::default()];
            for number in 0..many {
                let value = hash(format!("value {number}").as_bytes(), 0);
                set.add(value);
                set.add(value);
                halves[number % 2].add(value);
            }
            let [mut one, other] = halves;
            one.merge(&other);
            let mut estimated = set.clone();
            estimated.estimate();
            assert!(estimated.held() <= set.held() && estimated.held() <= REGISTERS / 8);
            assert!(estimated.len().abs_diff(set.len()) as f64 <= 0.06 * many as f64, "{many}: {}", estimated.len());
            for found in [set.len(), one.len()] {
                assert!((found as f64 - many as f64).abs() <= tolerance * many as f64, "{many}: {found}");
            }
        }
    }

    #[test]
    fn different_bytes_have_different_hashes() {
        let mut seen = std::collections::HashSet::new();
        for length in 0..40 {
            for byte in 0..=255u8 {
                assert!(seen.insert(hash(&vec![byte; length], 7)) || length == 0, "{length} {byte}");
            }
        }
    }
}
