//! The macros that declare sections and choices.

/// Declares a section of the configuration: a struct with a default for every key.
///
/// Every field is a key of the same name, or of the name after `as`. The struct gets `Debug`,
/// `Clone`, `Default` and [`Setting`](crate::Setting), and can be an entry of a list.
///
/// ```
/// mantlet_config::section! {
///     /// Where files are kept.
///     pub struct StoreSection {
///         /// The folder.
///         pub folder: std::path::PathBuf = "data".into(),
///         /// Whether nothing may be written.
///         pub is_frozen as "frozen": bool = false,
///     }
/// }
/// assert!(!StoreSection::default().is_frozen);
/// ```
#[macro_export]
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $field_doc:literal])*
                $field_vis:vis $field:ident $(as $key:literal)? : $type:ty = $default:expr
            ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        $vis struct $name {
            $(
                $(#[doc = $field_doc])*
                $field_vis $field: $type,
            )*
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::Setting for $name {
            fn read(
                node: ::core::option::Option<&$crate::Node>,
                base: &Self,
                reader: &mut $crate::Reader<'_>,
            ) -> Self {
                let table = reader.table(node, &[$($crate::__key!($field $($key)?)),*]);
                Self {
                    $($field: reader.field(table, $crate::__key!($field $($key)?), &base.$field),)*
                }
            }

            fn show(&self) -> $crate::Shown {
                $crate::Shown::Table(::std::vec![
                    $((
                        $crate::__key!($field $($key)?),
                        $crate::Setting::show(&self.$field),
                    ),)*
                ])
            }

            fn describe() -> $crate::Description {
                let default = <Self as ::core::default::Default>::default();
                $crate::Description {
                    docs: $crate::__private::docs(&[$($doc),*]),
                    keys: ::std::vec![
                        $($crate::KeyDescription {
                            key: $crate::__key!($field $($key)?),
                            docs: $crate::__private::docs(&[$($field_doc),*]),
                            default: $crate::Setting::show(&default.$field),
                            description: <$type as $crate::Setting>::describe(),
                        },)*
                    ],
                    ..$crate::Description::of_kind("section")
                }
            }
        }

        impl $crate::Element for $name {
            const IS_TABLE: bool = true;

            fn read_entry(
                node: &$crate::Node,
                reader: &mut $crate::Reader<'_>,
            ) -> ::core::option::Option<Self> {
                let base = <Self as ::core::default::Default>::default();
                let section = <Self as $crate::Setting>::read(
                    ::core::option::Option::Some(node),
                    &base,
                    reader,
                );
                node.is_table().then_some(section)
            }
        }
    };
}

/// Declares a setting that is one of a few words.
///
/// The enum gets `Debug`, `Clone`, `Copy`, `PartialEq`, `Eq`, `as_str` and
/// [`Scalar`](crate::Scalar).
///
/// ```
/// mantlet_config::choice! {
///     /// A colour.
///     pub enum Colour {
///         /// Like grass.
///         Green => "green",
///         /// Like the sky.
///         Blue => "blue",
///     }
/// }
/// assert_eq!(Colour::Blue.as_str(), "blue");
/// ```
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $name:ident {
            $(
                $(#[doc = $variant_doc:literal])*
                $variant:ident => $text:literal
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name {
            $(
                $(#[doc = $variant_doc])*
                $variant,
            )+
        }

        impl $name {
            /// The word as it is written.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl $crate::Scalar for $name {
            const KIND: &'static str = ::core::concat!("one of", $(" `", $text, "`"),+);
            const EXAMPLE: &'static str = $crate::__private::first(&[$($text),+]);

            fn parse(
                value: &$crate::Value,
            ) -> ::core::result::Result<Self, $crate::Complaint> {
                match value.as_str() {
                    $(::core::option::Option::Some($text) => {
                        ::core::result::Result::Ok(Self::$variant)
                    })+
                    _ => ::core::result::Result::Err(
                        $crate::__private::not_a_choice::<Self>(value, &[$($text),+]),
                    ),
                }
            }

            fn show(&self) -> $crate::Value {
                $crate::Value::String(self.as_str().into())
            }

            fn choices() -> ::std::vec::Vec<(&'static str, ::std::string::String)> {
                ::std::vec![$(($text, $crate::__private::docs(&[$($variant_doc),*])),)+]
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($field:ident) => {
        ::core::stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// What the macros expand to; not for other use.
#[doc(hidden)]
pub mod __private {
    use toml::Value;

    use crate::nearest::{shown, suggestion};
    use crate::{Complaint, Scalar};

    /// The lines of a doc comment as one text.
    #[must_use]
    pub fn docs(lines: &[&str]) -> String {
        let trimmed: Vec<_> =
            lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        trimmed.join("\n").trim().to_owned()
    }

    /// The first word of a choice.
    #[must_use]
    pub const fn first(words: &[&'static str]) -> &'static str {
        match words {
            [first, ..] => first,
            [] => "",
        }
    }

    /// Why a value is none of the words.
    #[must_use]
    pub fn not_a_choice<T: Scalar>(value: &Value, words: &[&str]) -> Complaint {
        let Some(text) = value.as_str() else {
            return Complaint::mismatch::<T>(value);
        };
        let hint = format!("{}known values: {}", suggestion(text, words), words.join(", "));
        Complaint::new(format!("`{}` is not {}", shown(text), T::KIND), hint)
    }
}
