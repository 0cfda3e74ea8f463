//! One block of memory for all activations; a tensor's place is free again after its last use.

use core::ops::Range;

/// What a tensor needs: elements, and the first and last step that touch it.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// 16-bit elements.
    pub elements: usize,
    /// The step that writes it.
    pub first: usize,
    /// The last step that reads it.
    pub last: usize,
}

/// Elements a tensor's place is rounded up to: a cache line.
const ALIGN: usize = 32;

/// The lowest place for each tensor, in order of definition, that no living tensor takes; and the arena's size.
pub fn plan(tensors: &[Lifetime]) -> (Vec<Range<usize>>, usize) {
    let mut places: Vec<Range<usize>> = Vec::with_capacity(tensors.len());
    let mut size = 0;
    for (index, tensor) in tensors.iter().enumerate() {
        let mut living: Vec<&Range<usize>> = places[..index]
            .iter()
            .zip(tensors)
            .filter(|(_, other)| other.first <= tensor.last && tensor.first <= other.last)
            .map(|(place, _)| place)
            .collect();
        living.sort_by_key(|place| place.start);
        let mut start = 0;
        for place in living {
            if place.start >= start + tensor.elements {
                break;
            }
            start = start.max(place.end.next_multiple_of(ALIGN));
        }
        places.push(start..start + tensor.elements);
        size = size.max(start + tensor.elements);
    }
    (places, size.next_multiple_of(ALIGN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn living_tensors_never_overlap_and_dead_ones_make_room() {
        let chain: Vec<Lifetime> =
            (0..20).map(|i| Lifetime { elements: 100 + 64 * (i % 5), first: i, last: i + 1 + i % 3 }).collect();
        let (places, size) = plan(&chain);
        for (a, b) in (0..chain.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
            let together = chain[a].first <= chain[b].last && chain[b].first <= chain[a].last;
            let apart = places[a].end <= places[b].start || places[b].end <= places[a].start;
            assert!(!together || apart, "{a} and {b}");
        }
        assert!(size < chain.iter().map(|t| t.elements).sum());
    }
}
