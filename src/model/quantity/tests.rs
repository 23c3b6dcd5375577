//! What the recordings do not say about quantities: refusals, arithmetic and the overflow of `HELP-10`.

use super::{Quantity, QuantityError};

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("a quantity")
}

#[test]
fn a_number_that_needs_unbounded_memory_is_refused() {
    assert_eq!(Quantity::parse("1e999999999"), Err(QuantityError::Range));
    assert_eq!(Quantity::parse("1e-999999999"), Err(QuantityError::Range));
    assert_eq!(Quantity::parse(&"9".repeat(20_000)), Err(QuantityError::Range));
    assert_eq!(quantity("0e999999999").to_string(), "0");
}

#[test]
fn equal_numbers_are_equal_however_they_are_written() {
    assert_eq!(quantity("1Gi"), quantity("1073741824"));
    assert_eq!(quantity("1e3"), quantity("1k"));
    assert!(quantity("100E") > quantity("10E"));
    assert!(quantity("-100E") < quantity("-10E"));
    assert!(quantity("-1.5") < quantity("-1"));
}

#[test]
fn help_10_whole_bytes_overflow_as_64_bits_do() {
    assert_eq!(quantity("10E").overflowing_value(), 0);
    assert_eq!(quantity("100E").overflowing_value(), 0);
    assert_eq!(quantity("99999999999999999999").overflowing_value(), 7_766_279_631_452_241_919);
    assert_eq!(quantity("1m").overflowing_value(), 1);
}

#[test]
fn sums_are_exact_beyond_64_bits() {
    let sum = quantity("8Ei").plus(&quantity("8Ei"));
    assert_eq!(sum.minus(&quantity("8Ei")), quantity("8Ei"));
    assert_eq!(quantity("1Gi").plus(&quantity("512Mi")).to_string(), "1536Mi");
    assert_eq!(quantity("1Gi").minus(&quantity("2Gi")).to_string(), "-1Gi");
    assert_eq!(quantity("100E").minus(&quantity("100E")).to_string(), "0");
}
