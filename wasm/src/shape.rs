//! Where a sliding window reads: kernel, stride, and TensorFlow's SAME padding.
//!
//! `out = ceil(in / stride)`; `padding = max((out − 1) · stride + kernel − in, 0)` in all, of which the smaller half goes
//! before (left, top) and the rest after.

/// A square window over an image of `rows × columns`.
#[derive(Clone, Copy)]
pub struct Window {
    /// Input rows.
    pub rows: usize,
    /// Input columns.
    pub columns: usize,
    /// Kernel height and width.
    pub kernel: usize,
    /// Step between outputs, down and across.
    pub stride: usize,
    /// Padding rows above.
    pub top: usize,
    /// Padding columns to the left.
    pub left: usize,
}

impl Window {
    /// A window with SAME padding.
    ///
    /// # Errors
    /// A sentence, when a size is zero or unreasonably large.
    pub fn same(rows: usize, columns: usize, kernel: usize, stride: usize) -> Result<Self, String> {
        if ![rows, columns].iter().all(|n| (1..=8192).contains(n))
            || !(1..=16).contains(&kernel)
            || !(1..=16).contains(&stride)
        {
            return Err(format!(
                "a {kernel} × {kernel} window of stride {stride} on {rows} × {columns} cannot be used"
            ));
        }
        let before = |n: usize| ((n.div_ceil(stride) - 1) * stride + kernel).saturating_sub(n) / 2;
        Ok(Self { rows, columns, kernel, stride, top: before(rows), left: before(columns) })
    }

    /// Output rows.
    pub fn rows_out(&self) -> usize {
        self.rows.div_ceil(self.stride)
    }

    /// Output columns.
    pub fn columns_out(&self) -> usize {
        self.columns.div_ceil(self.stride)
    }

    /// The input row under kernel row `tap` of output row `row`, or `None` in the padding.
    pub fn row_in(&self, row: usize, tap: usize) -> Option<usize> {
        (row * self.stride + tap).checked_sub(self.top).filter(|&row| row < self.rows)
    }
}
