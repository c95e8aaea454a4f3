//! Truths, numbers and texts.

use toml::Value;

use crate::{Complaint, Scalar};

impl Scalar for bool {
    const KIND: &'static str = "`true` or `false`";
    const EXAMPLE: &'static str = "true";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_bool().ok_or_else(|| Complaint::mismatch::<Self>(value))
    }

    fn show(&self) -> Value {
        Value::Boolean(*self)
    }
}

impl Scalar for String {
    const KIND: &'static str = "text";
    const EXAMPLE: &'static str = "\"text\"";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().map(Self::from).ok_or_else(|| Complaint::mismatch::<Self>(value))
    }

    fn show(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Scalar for f64 {
    const KIND: &'static str = "number";
    const EXAMPLE: &'static str = "0.5";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let number = match value {
            Value::Float(number) => Some(*number),
            // Larger whole numbers would not be what was written.
            Value::Integer(number) => i32::try_from(*number).ok().map(Self::from),
            _ => None,
        };
        let finite = number.filter(|number| number.is_finite());
        finite.ok_or_else(|| Complaint::mismatch::<Self>(value))
    }

    fn show(&self) -> Value {
        Value::Float(*self)
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl Scalar for $type {
            const KIND: &'static str = "whole number";
            const EXAMPLE: &'static str = "10";

            fn parse(value: &Value) -> Result<Self, Complaint> {
                let Value::Integer(number) = value else {
                    return Err(Complaint::mismatch::<Self>(value));
                };
                Self::try_from(*number).map_err(|_| {
                    // A file holds no larger ones.
                    let most = i64::try_from(Self::MAX).unwrap_or(i64::MAX);
                    let hint = format!("write a whole number from 0 to {most}");
                    Complaint::new(format!("`{number}` is out of range"), hint)
                })
            }

            fn show(&self) -> Value {
                Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )*};
}

whole_numbers!(u16, u32, u64, usize);
