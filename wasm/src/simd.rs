//! The vector operations the kernels are written in: 128 bits, one WebAssembly SIMD128 instruction each.
//!
//! Everywhere but on `wasm32` the same operations are plain loops over lanes, so that `cargo test` and `cargo clippy`
//! run with any toolchain. Both give the same bits: no operation here is relaxed.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use lanes::*;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm::*;

/// 1.5 × 2²³: added to a float of magnitude below 2²², it leaves the nearest integer (ties to even) in the low bits.
const ROUNDER: f32 = 12_582_912.0;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use core::arch::wasm32::*;

    /// A 128-bit vector; the operation says what its lanes are.
    pub type Vector = v128;

    /// All lanes zero.
    #[inline(always)]
    pub fn zero() -> Vector {
        i32x4_splat(0)
    }

    /// Four copies of a float.
    #[inline(always)]
    pub fn splat_f32(value: f32) -> Vector {
        f32x4_splat(value)
    }

    /// Eight copies of a 16-bit integer.
    #[inline(always)]
    pub fn splat_i16(value: i16) -> Vector {
        i16x8_splat(value)
    }

    /// 16 bytes from any address.
    ///
    /// # Safety
    /// 16 bytes from `at` are readable.
    #[inline(always)]
    pub unsafe fn load<T>(at: *const T) -> Vector {
        unsafe { v128_load(at.cast()) }
    }

    /// 16 bytes to any address.
    ///
    /// # Safety
    /// 16 bytes from `at` are writable.
    #[inline(always)]
    pub unsafe fn store<T>(at: *mut T, value: Vector) {
        unsafe { v128_store(at.cast(), value) }
    }

    /// The pair of 16-bit integers at `at`, four times.
    ///
    /// # Safety
    /// 4 bytes from `at` are readable.
    #[inline(always)]
    pub unsafe fn load_pair(at: *const i16) -> Vector {
        unsafe { v128_load32_splat(at.cast()) }
    }

    /// Eight bytes, widened to 16-bit integers.
    ///
    /// # Safety
    /// 8 bytes from `at` are readable.
    #[inline(always)]
    pub unsafe fn load_bytes(at: *const u8) -> Vector {
        unsafe { u16x8_load_extend_u8x8(at) }
    }

    /// `acc + a₀·b₀ + a₁·b₁` for four pairs of 16-bit integers, in 32 bits.
    #[inline(always)]
    pub fn dot(acc: Vector, a: Vector, b: Vector) -> Vector {
        i32x4_add(acc, i32x4_dot_i16x8(a, b))
    }

    /// Lanes 0 to 3 of two vectors of 16-bit integers, alternating.
    #[inline(always)]
    pub fn interleave_low(a: Vector, b: Vector) -> Vector {
        i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b)
    }

    /// Lanes 4 to 7 of two vectors of 16-bit integers, alternating.
    #[inline(always)]
    pub fn interleave_high(a: Vector, b: Vector) -> Vector {
        i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b)
    }

    /// `a − b` in eight 16-bit lanes.
    #[inline(always)]
    pub fn sub_i16(a: Vector, b: Vector) -> Vector {
        i16x8_sub(a, b)
    }

    /// `a + b` in four 32-bit lanes.
    #[inline(always)]
    pub fn add_i32(a: Vector, b: Vector) -> Vector {
        i32x4_add(a, b)
    }

    /// The low four of eight 16-bit integers, in 32 bits.
    #[inline(always)]
    pub fn widen_low(a: Vector) -> Vector {
        i32x4_extend_low_i16x8(a)
    }

    /// The high four of eight 16-bit integers, in 32 bits.
    #[inline(always)]
    pub fn widen_high(a: Vector) -> Vector {
        i32x4_extend_high_i16x8(a)
    }

    /// Eight 32-bit integers as 16-bit ones, saturating.
    #[inline(always)]
    pub fn narrow(low: Vector, high: Vector) -> Vector {
        i16x8_narrow_i32x4(low, high)
    }

    /// Four 32-bit integers as floats.
    #[inline(always)]
    pub fn to_f32(a: Vector) -> Vector {
        f32x4_convert_i32x4(a)
    }

    /// Four floats of magnitude below 2²² as the nearest 32-bit integers, ties to even.
    #[inline(always)]
    pub fn round(a: Vector) -> Vector {
        let rounder = f32x4_splat(super::ROUNDER);
        i32x4_sub(f32x4_add(a, rounder), rounder)
    }

    /// `a · b` in four floats.
    #[inline(always)]
    pub fn mul_f32(a: Vector, b: Vector) -> Vector {
        f32x4_mul(a, b)
    }

    /// `a + b` in four floats.
    #[inline(always)]
    pub fn add_f32(a: Vector, b: Vector) -> Vector {
        f32x4_add(a, b)
    }

    /// `a` held between `low` and `high`, in four floats that are numbers.
    #[inline(always)]
    pub fn clamp_f32(a: Vector, low: Vector, high: Vector) -> Vector {
        f32x4_pmin(f32x4_pmax(a, low), high)
    }

    /// The four floats.
    #[inline(always)]
    pub fn lanes_f32(a: Vector) -> [f32; 4] {
        [f32x4_extract_lane::<0>(a), f32x4_extract_lane::<1>(a), f32x4_extract_lane::<2>(a), f32x4_extract_lane::<3>(a)]
    }

    /// `a − b` in four floats.
    #[inline(always)]
    pub fn sub_f32(a: Vector, b: Vector) -> Vector {
        f32x4_sub(a, b)
    }

    /// The lower of `a` and `b`, in four floats that are numbers.
    #[inline(always)]
    pub fn min_f32(a: Vector, b: Vector) -> Vector {
        f32x4_pmin(a, b)
    }

    /// The higher of `a` and `b`, in four floats that are numbers.
    #[inline(always)]
    pub fn max_f32(a: Vector, b: Vector) -> Vector {
        f32x4_pmax(a, b)
    }

    /// The float at `at`, four times.
    ///
    /// # Safety
    /// 4 bytes from `at` are readable.
    #[inline(always)]
    pub unsafe fn load_splat_f32(at: *const f32) -> Vector {
        unsafe { v128_load32_splat(at.cast()) }
    }

    /// Eight signed bytes, widened to 16-bit integers.
    ///
    /// # Safety
    /// 8 bytes from `at` are readable.
    #[inline(always)]
    pub unsafe fn load_signed_bytes(at: *const i8) -> Vector {
        unsafe { i16x8_load_extend_i8x8(at) }
    }

    /// The columns of four rows of four floats, as rows.
    #[inline(always)]
    pub fn transpose_f32([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
        let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
        let (ab_high, cd_high) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            i64x2_shuffle::<0, 2>(ab, cd),
            i64x2_shuffle::<1, 3>(ab, cd),
            i64x2_shuffle::<0, 2>(ab_high, cd_high),
            i64x2_shuffle::<1, 3>(ab_high, cd_high),
        ]
    }

    /// Two copies of a 64-bit float.
    #[inline(always)]
    pub fn splat_f64(value: f64) -> Vector {
        f64x2_splat(value)
    }

    /// `a · b` in two 64-bit floats.
    #[inline(always)]
    pub fn mul_f64(a: Vector, b: Vector) -> Vector {
        f64x2_mul(a, b)
    }

    /// `a + b` in two 64-bit floats.
    #[inline(always)]
    pub fn add_f64(a: Vector, b: Vector) -> Vector {
        f64x2_add(a, b)
    }

    /// The two 64-bit floats.
    #[inline(always)]
    pub fn lanes_f64(a: Vector) -> [f64; 2] {
        [f64x2_extract_lane::<0>(a), f64x2_extract_lane::<1>(a)]
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[allow(missing_docs, clippy::missing_safety_doc)] // As in `wasm`.
mod lanes {
    use core::array::from_fn;

    /// A 128-bit vector; the operation says what its lanes are.
    #[derive(Clone, Copy)]
    #[repr(C, align(16))]
    pub struct Vector([u8; 16]);

    fn i16s(a: Vector) -> [i16; 8] {
        from_fn(|i| i16::from_le_bytes([a.0[2 * i], a.0[2 * i + 1]]))
    }

    fn i32s(a: Vector) -> [i32; 4] {
        from_fn(|i| i32::from_le_bytes(from_fn(|j| a.0[4 * i + j])))
    }

    fn of_i16s(a: [i16; 8]) -> Vector {
        Vector(from_fn(|i| a[i / 2].to_le_bytes()[i % 2]))
    }

    fn of_i32s(a: [i32; 4]) -> Vector {
        Vector(from_fn(|i| a[i / 4].to_le_bytes()[i % 4]))
    }

    fn of_f32s(a: [f32; 4]) -> Vector {
        of_i32s(a.map(|x| x.to_bits() as i32))
    }

    fn of_f64s(a: [f64; 2]) -> Vector {
        Vector(from_fn(|i| a[i / 8].to_le_bytes()[i % 8]))
    }

    pub fn zero() -> Vector {
        Vector([0; 16])
    }

    pub fn splat_f32(value: f32) -> Vector {
        of_f32s([value; 4])
    }

    pub fn splat_i16(value: i16) -> Vector {
        of_i16s([value; 8])
    }

    pub unsafe fn load<T>(at: *const T) -> Vector {
        Vector(unsafe { at.cast::<[u8; 16]>().read_unaligned() })
    }

    pub unsafe fn store<T>(at: *mut T, value: Vector) {
        unsafe { at.cast::<[u8; 16]>().write_unaligned(value.0) }
    }

    pub unsafe fn load_pair(at: *const i16) -> Vector {
        of_i32s([unsafe { at.cast::<i32>().read_unaligned() }; 4])
    }

    pub unsafe fn load_bytes(at: *const u8) -> Vector {
        let bytes = unsafe { at.cast::<[u8; 8]>().read_unaligned() };
        of_i16s(bytes.map(i16::from))
    }

    pub fn dot(acc: Vector, a: Vector, b: Vector) -> Vector {
        let (acc, a, b) = (i32s(acc), i16s(a).map(i32::from), i16s(b).map(i32::from));
        of_i32s(from_fn(|i| {
            let pair = (a[2 * i] * b[2 * i]).wrapping_add(a[2 * i + 1] * b[2 * i + 1]);
            acc[i].wrapping_add(pair)
        }))
    }

    pub fn interleave_low(a: Vector, b: Vector) -> Vector {
        let (a, b) = (i16s(a), i16s(b));
        of_i16s(from_fn(|i| if i % 2 == 0 { a[i / 2] } else { b[i / 2] }))
    }

    pub fn interleave_high(a: Vector, b: Vector) -> Vector {
        let (a, b) = (i16s(a), i16s(b));
        of_i16s(from_fn(|i| if i % 2 == 0 { a[4 + i / 2] } else { b[4 + i / 2] }))
    }

    pub fn sub_i16(a: Vector, b: Vector) -> Vector {
        let (a, b) = (i16s(a), i16s(b));
        of_i16s(from_fn(|i| a[i].wrapping_sub(b[i])))
    }

    pub fn add_i32(a: Vector, b: Vector) -> Vector {
        let (a, b) = (i32s(a), i32s(b));
        of_i32s(from_fn(|i| a[i].wrapping_add(b[i])))
    }

    pub fn widen_low(a: Vector) -> Vector {
        let a = i16s(a);
        of_i32s(from_fn(|i| i32::from(a[i])))
    }

    pub fn widen_high(a: Vector) -> Vector {
        let a = i16s(a);
        of_i32s(from_fn(|i| i32::from(a[4 + i])))
    }

    pub fn narrow(low: Vector, high: Vector) -> Vector {
        let saturate = |x: i32| x.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let (low, high) = (i32s(low).map(saturate), i32s(high).map(saturate));
        of_i16s(from_fn(|i| if i < 4 { low[i] } else { high[i - 4] }))
    }

    pub fn to_f32(a: Vector) -> Vector {
        of_f32s(i32s(a).map(|x| x as f32))
    }

    pub fn round(a: Vector) -> Vector {
        let rounder = super::ROUNDER;
        of_i32s(lanes_f32(a).map(|x| ((x + rounder).to_bits() as i32).wrapping_sub(rounder.to_bits() as i32)))
    }

    pub fn mul_f32(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f32(a), lanes_f32(b));
        of_f32s(from_fn(|i| a[i] * b[i]))
    }

    pub fn add_f32(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f32(a), lanes_f32(b));
        of_f32s(from_fn(|i| a[i] + b[i]))
    }

    pub fn clamp_f32(a: Vector, low: Vector, high: Vector) -> Vector {
        let (a, low, high) = (lanes_f32(a), lanes_f32(low), lanes_f32(high));
        of_f32s(from_fn(|i| a[i].clamp(low[i], high[i])))
    }

    pub fn lanes_f32(a: Vector) -> [f32; 4] {
        i32s(a).map(|x| f32::from_bits(x as u32))
    }

    pub fn sub_f32(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f32(a), lanes_f32(b));
        of_f32s(from_fn(|i| a[i] - b[i]))
    }

    pub fn min_f32(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f32(a), lanes_f32(b));
        of_f32s(from_fn(|i| if b[i] < a[i] { b[i] } else { a[i] }))
    }

    pub fn max_f32(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f32(a), lanes_f32(b));
        of_f32s(from_fn(|i| if a[i] < b[i] { b[i] } else { a[i] }))
    }

    pub unsafe fn load_splat_f32(at: *const f32) -> Vector {
        splat_f32(unsafe { at.read_unaligned() })
    }

    pub unsafe fn load_signed_bytes(at: *const i8) -> Vector {
        let bytes = unsafe { at.cast::<[i8; 8]>().read_unaligned() };
        of_i16s(bytes.map(i16::from))
    }

    pub fn transpose_f32(rows: [Vector; 4]) -> [Vector; 4] {
        let rows = rows.map(lanes_f32);
        from_fn(|i| of_f32s(rows.map(|row| row[i])))
    }

    pub fn splat_f64(value: f64) -> Vector {
        of_f64s([value; 2])
    }

    pub fn mul_f64(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f64(a), lanes_f64(b));
        of_f64s(from_fn(|i| a[i] * b[i]))
    }

    pub fn add_f64(a: Vector, b: Vector) -> Vector {
        let (a, b) = (lanes_f64(a), lanes_f64(b));
        of_f64s(from_fn(|i| a[i] + b[i]))
    }

    pub fn lanes_f64(a: Vector) -> [f64; 2] {
        from_fn(|i| f64::from_le_bytes(from_fn(|j| a.0[8 * i + j])))
    }
}
