//! Numbers: 38 significant digits, magnitudes from 1E-130 to 9.99…E+125, exact.
//!
//! 38 digits fit into a `u128`, so the only arithmetic that DynamoDB has, addition and subtraction, is the machine's own.

use std::cmp::Ordering;

/// `digits` × 10^`exponent`. The digits never end with a zero; zero has the exponent 0 and no sign, so that equal
/// numbers are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    digits: u128,
    exponent: i16,
}

/// Why a text, or the result of a calculation, is no number that DynamoDB holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    NotANumber,
    Overflow,
    Underflow,
    Precision,
}

const MOST_DIGITS: u32 = 38;
/// Of the first digit.
const LARGEST: i32 = 125;
const SMALLEST: i32 = -130;

impl NumberError {
    /// AWS's sentence about the number that this text should be.
    pub fn sentence(self, text: &str) -> String {
        match self {
            NumberError::NotANumber if text.is_empty() => {
                "The parameter cannot be converted to a numeric value".to_owned()
            }
            NumberError::NotANumber => format!("The parameter cannot be converted to a numeric value: {text}"),
            NumberError::Overflow => {
                "Number overflow. Attempting to store a number with magnitude larger than supported range".to_owned()
            }
            NumberError::Underflow => {
                "Number underflow. Attempting to store a number with magnitude smaller than supported range".to_owned()
            }
            NumberError::Precision => "Attempting to store more than 38 significant digits in a Number".to_owned(),
        }
    }
}

impl Number {
    pub const ZERO: Number = Number { negative: false, digits: 0, exponent: 0 };

    /// `-12.5`, `.5`, `1E+3`.
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let at = unsigned.iter().position(|it| matches!(it, b'e' | b'E'));
        let (mantissa, exponent) = match at {
            Some(at) => (&unsigned[..at], read_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let read = Mantissa::read(mantissa)?;
        if read.digits == 0 && !read.too_many {
            return Ok(Number::ZERO);
        }
        let exponent = exponent + read.exponent;
        let magnitude = exponent + i64::from(read.count) - 1;
        if magnitude > LARGEST.into() {
            return Err(NumberError::Overflow);
        }
        if magnitude < SMALLEST.into() {
            return Err(NumberError::Underflow);
        }
        if read.too_many {
            return Err(NumberError::Precision);
        }
        Ok(Number { negative, digits: read.digits, exponent: exponent as i16 })
    }

    pub fn from_integer(value: i64) -> Number {
        normal(value < 0, u128::from(value.unsigned_abs()), 0).expect("19 digits fit")
    }

    /// Without an exponent, as DynamoDB gives numbers back: `0.001`, `100000`.
    pub fn text(&self) -> String {
        let mut out = Vec::with_capacity(16);
        self.write_text(&mut out);
        String::from_utf8(out).expect("digits are ASCII")
    }

    /// Appends its text.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        let mut room = [0; MOST_DIGITS as usize + 1];
        let digits = decimal(self.digits, &mut room);
        if self.negative {
            out.push(b'-');
        }
        let point = digits.len() as i64 + i64::from(self.exponent);
        if self.exponent >= 0 {
            out.extend_from_slice(digits);
            out.resize(out.len() + self.exponent as usize, b'0');
        } else if point > 0 {
            let (whole, fraction) = digits.split_at(point as usize);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        } else {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + -point as usize, b'0');
            out.extend_from_slice(digits);
        }
    }

    /// Bytes of an item: one for two digits, one more, and one for a minus. ("DynamoDB item sizes and formats".)
    pub fn size(&self) -> usize {
        count(self.digits).div_ceil(2) as usize + 1 + usize::from(self.negative)
    }

    pub fn plus(self, other: Number) -> Result<Number, NumberError> {
        if self.digits == 0 {
            return Ok(other);
        }
        if other.digits == 0 {
            return Ok(self);
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        // Neither ends with a zero, so where one is longer than a u128 the result has more than 38 digits.
        let scaled = 10_u128
            .checked_pow((high.exponent - low.exponent) as u32)
            .and_then(|power| high.digits.checked_mul(power))
            .ok_or(NumberError::Precision)?;
        if high.negative == low.negative {
            let sum = scaled.checked_add(low.digits).ok_or(NumberError::Precision)?;
            return normal(high.negative, sum, low.exponent);
        }
        match scaled.cmp(&low.digits) {
            Ordering::Less => normal(low.negative, low.digits - scaled, low.exponent),
            Ordering::Equal => Ok(Number::ZERO),
            Ordering::Greater => normal(high.negative, scaled - low.digits, low.exponent),
        }
    }

    pub fn minus(self, other: Number) -> Result<Number, NumberError> {
        self.plus(Number { negative: !other.negative && other.digits != 0, ..other })
    }

    /// The number, if it is whole and fits.
    pub fn to_integer(self) -> Option<i64> {
        let scale = u32::try_from(self.exponent).ok()?;
        let digits = i128::try_from(self.digits.checked_mul(10_u128.checked_pow(scale)?)?).ok()?;
        i64::try_from(if self.negative { -digits } else { digits }).ok()
    }

    /// Appends bytes that sort as numbers do, and end themselves: a sign, the magnitude, two digits a byte, an end. For
    /// negative numbers all of them turned over.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.digits == 0 {
            out.push(ZERO);
            return;
        }
        let turn = if self.negative { 0xff } else { 0 };
        out.push(if self.negative { NEGATIVE } else { POSITIVE });
        let digits = count(self.digits);
        let magnitude = i32::from(self.exponent) + digits as i32 - 1;
        out.push((magnitude - SMALLEST) as u8 ^ turn);
        let mut rest = if digits.is_multiple_of(2) { self.digits } else { self.digits * 10 };
        let mut pairs = [0; MOST_DIGITS as usize / 2];
        let length = digits.div_ceil(2) as usize;
        for pair in pairs[..length].iter_mut().rev() {
            // One more than the two digits: nothing but the end is 0.
            *pair = ((rest % 100) as u8 + 1) ^ turn;
            rest /= 100;
        }
        out.extend_from_slice(&pairs[..length]);
        out.push(turn);
    }

    /// Takes what [`Number::encode`] wrote from the front of `input`.
    pub fn take(input: &mut &[u8]) -> Option<Number> {
        let (&sign, rest) = input.split_first()?;
        *input = rest;
        let negative = match sign {
            ZERO => return Some(Number::ZERO),
            NEGATIVE => true,
            POSITIVE => false,
            _ => return None,
        };
        let turn = if negative { 0xff } else { 0 };
        let (&magnitude, rest) = rest.split_first()?;
        let end = rest.iter().take(MOST_DIGITS as usize / 2 + 1).position(|it| *it == turn)?;
        let mut digits: u128 = 0;
        for pair in &rest[..end] {
            digits = digits * 100 + u128::from((pair ^ turn).checked_sub(1).filter(|it| *it < 100)?);
        }
        *input = &rest[end + 1..];
        if end == 0 || (rest[0] ^ turn) <= 10 {
            return None;
        }
        let exponent = i32::from(magnitude ^ turn) + SMALLEST + 1 - end as i32 * 2;
        normal(negative, digits, exponent as i16).ok()
    }
}

/// The digits, at the end of the room.
fn decimal(digits: u128, room: &mut [u8; MOST_DIGITS as usize + 1]) -> &[u8] {
    let (mut large, mut at) = (digits, room.len());
    // Short ones, which most are, by division of words.
    while large > u128::from(u64::MAX) {
        at -= 1;
        room[at] = b'0' + (large % 10) as u8;
        large /= 10;
    }
    let mut small = large as u64;
    loop {
        at -= 1;
        room[at] = b'0' + (small % 10) as u8;
        small /= 10;
        if small == 0 {
            return &room[at..];
        }
    }
}

const NEGATIVE: u8 = 1;
const ZERO: u8 = 2;
const POSITIVE: u8 = 3;

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let sign = |it: &Number| if it.digits == 0 { 0 } else { 1 - 2 * i32::from(it.negative) };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign != Ordering::Equal || self.digits == 0 {
            return by_sign;
        }
        let size = |it: &Number| {
            let digits = count(it.digits);
            (i32::from(it.exponent) + digits as i32, it.digits * 10_u128.pow(MOST_DIGITS - digits))
        };
        let by_size = size(self).cmp(&size(other));
        if self.negative { by_size.reverse() } else { by_size }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Digits before the exponent: those of a whole number, and what that is to be multiplied with.
struct Mantissa {
    digits: u128,
    count: u32,
    exponent: i64,
    too_many: bool,
}

impl Mantissa {
    fn read(text: &[u8]) -> Result<Mantissa, NumberError> {
        let mut it = Mantissa { digits: 0, count: 0, exponent: 0, too_many: false };
        let (mut zeros, mut seen, mut in_fraction) = (0_u32, false, false);
        for &byte in text {
            match byte {
                b'.' if !in_fraction => {
                    in_fraction = true;
                    continue;
                }
                b'0'..=b'9' => seen = true,
                _ => return Err(NumberError::NotANumber),
            }
            it.exponent -= i64::from(in_fraction);
            match byte {
                b'0' => zeros += u32::from(it.count > 0),
                digit => {
                    it.push(zeros, digit - b'0');
                    zeros = 0;
                }
            }
        }
        it.exponent += i64::from(zeros);
        if seen { Ok(it) } else { Err(NumberError::NotANumber) }
    }

    fn push(&mut self, zeros: u32, digit: u8) {
        self.count += zeros + 1;
        self.too_many |= self.count > MOST_DIGITS;
        if !self.too_many {
            self.digits = self.digits * 10_u128.pow(zeros + 1) + u128::from(digit);
        }
    }
}

fn read_exponent(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::NotANumber);
    }
    let value =
        digits.iter().fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()));
    let value = value.min(1_000_000_000);
    Ok(if negative { -value } else { value })
}

fn count(digits: u128) -> u32 {
    digits.checked_ilog10().map_or(1, |it| it + 1)
}

fn normal(negative: bool, mut digits: u128, exponent: i16) -> Result<Number, NumberError> {
    if digits == 0 {
        return Ok(Number::ZERO);
    }
    let mut exponent = i32::from(exponent);
    while digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    let digits_count = count(digits);
    let magnitude = exponent + digits_count as i32 - 1;
    if magnitude > LARGEST {
        return Err(NumberError::Overflow);
    }
    if magnitude < SMALLEST {
        return Err(NumberError::Underflow);
    }
    if digits_count > MOST_DIGITS {
        return Err(NumberError::Precision);
    }
    Ok(Number { negative, digits, exponent: exponent as i16 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_come_back_without_exponents_and_needless_zeros() {
        for (given, back) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("+12.5", "12.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-1e3", "-1000"),
            ("1E-3", "0.001"),
            ("123.456e1", "1234.56"),
            (
                "0.00000000000000000000000000000000000000000000000000001",
                "0.00000000000000000000000000000000000000000000000000001",
            ),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
            ("1000000000000000000000000000000000000000000", "1000000000000000000000000000000000000000000"),
        ] {
            assert_eq!(Number::parse(given).map(|it| it.text()), Ok(back.to_owned()), "{given}");
        }
        assert_eq!(Number::parse("9.9e125").map(|it| it.text().len()), Ok(126));
    }

    #[test]
    fn what_dynamodb_does_not_hold_is_refused() {
        use NumberError::{NotANumber, Overflow, Precision, Underflow};
        for (given, why) in [
            ("", NotANumber),
            ("b", NotANumber),
            ("1e", NotANumber),
            (".", NotANumber),
            ("1 ", NotANumber),
            ("--1", NotANumber),
            ("1.2.3", NotANumber),
            ("NaN", NotANumber),
            ("1e126", Overflow),
            ("-1e126", Overflow),
            ("1e99999999999999999999", Overflow),
            ("1e-131", Underflow),
            ("123456789012345678901234567890123456789", Precision),
            ("-1.23456789012345678901234567890123456789", Precision),
        ] {
            assert_eq!(Number::parse(given), Err(why), "{given}");
        }
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let number = |text| Number::parse(text).unwrap();
        for (a, b, sum) in [
            ("0.1", "0.2", "0.3"),
            ("1e37", "-1", "9999999999999999999999999999999999999"),
            ("1e38", "-1", "99999999999999999999999999999999999999"),
            ("5", "-5", "0"),
            ("99999999999999999999999999999999999999", "1", "100000000000000000000000000000000000000"),
            ("18e37", "-95000000000000000000000000000000000001", "84999999999999999999999999999999999999"),
        ] {
            assert_eq!(number(a).plus(number(b)), Ok(number(sum)), "{a} + {b}");
            assert_eq!(number(b).plus(number(a)), Ok(number(sum)), "{b} + {a}");
        }
        assert_eq!(number("1e40").plus(number("1")), Err(NumberError::Precision));
        assert_eq!(number("9e125").plus(number("9e125")), Err(NumberError::Overflow));
        assert_eq!(number("1").minus(number("1.5")), Ok(number("-0.5")));
        assert_eq!(Number::ZERO.minus(Number::ZERO), Ok(Number::ZERO));
    }

    /// A number as its sign, its digits and the place of the first: compared digit by digit.
    fn naive(number: &Number) -> (i32, i32, Vec<u8>) {
        let sign = if number.digits == 0 { 0 } else { 1 - 2 * i32::from(number.negative) };
        let digits = number.digits.to_string().into_bytes();
        let magnitude = if sign == 0 { 0 } else { i32::from(number.exponent) + digits.len() as i32 };
        let turned = |it: u8| if sign < 0 { u8::MAX - it } else { it };
        let mut digits: Vec<u8> = digits.into_iter().map(turned).collect();
        digits.push(turned(0));
        (sign, magnitude * sign, digits)
    }

    fn any_number() -> impl Strategy<Value = Number> {
        let digits = prop_oneof![0_u128..200, 0_u128..10_u128.pow(38)];
        (any::<bool>(), digits, -130_i16..126)
            .prop_filter_map("in range", |(negative, digits, exponent)| normal(negative, digits, exponent).ok())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn bytes_sort_as_numbers_do_and_come_back(a in any_number(), b in any_number()) {
            let bytes = |it: &Number| { let mut out = Vec::new(); it.encode(&mut out); out };
            prop_assert_eq!(a.cmp(&b), naive(&a).cmp(&naive(&b)));
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
            let whole = [bytes(&a), vec![7]].concat();
            let mut rest = whole.as_slice();
            prop_assert_eq!(Number::take(&mut rest), Some(a));
            prop_assert_eq!(rest, &[7]);
        }

        #[test]
        fn texts_come_back(a in any_number()) {
            prop_assert_eq!(Number::parse(&a.text()), Ok(a));
        }

        #[test]
        fn sums_agree_with_those_of_whole_numbers(a in -10_i64.pow(17)..10_i64.pow(17), b in -10_i64.pow(17)..10_i64.pow(17)) {
            let sum = Number::from_integer(a).plus(Number::from_integer(b)).unwrap();
            prop_assert_eq!(sum, Number::from_integer(a + b));
            prop_assert_eq!(sum.to_integer(), Some(a + b));
        }

        #[test]
        fn foreign_bytes_make_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..30), text in "[-+.eE0-9]{0,60}") {
            let _ = Number::take(&mut bytes.as_slice());
            let _ = Number::parse(&text);
        }
    }
}
