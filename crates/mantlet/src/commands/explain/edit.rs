//! Changes of a configuration file that leave everything else as it is, comments and all.

use mantlet_config::{Setting as _, Shown};
use mantlet_gate::guards::waf::ExceptionSection;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::spot::Spot;

/// What is to hold at a place.
#[derive(Debug)]
pub(super) enum Change<'c> {
    /// A setting of a guard.
    Setting { guard: &'c str, key: &'c str, value: &'c str },
    /// Exceptions of the WAF. A list of a route stands in the place of what it inherits, so that
    /// goes in too where the route had no list.
    Exceptions { inherited: &'c [ExceptionSection], more: &'c [ExceptionSection] },
}

/// The change as text that can be put into a configuration.
pub(super) fn fragment(spot: &Spot, change: &Change<'_>) -> String {
    // An empty file takes every change.
    changed("", spot, change).unwrap_or_default()
}

/// The configuration `text` with the change: in the route that is for exactly this place, or in a
/// new one at the end.
///
/// # Errors
/// What in the file is in the way.
pub(super) fn changed(text: &str, spot: &Spot, change: &Change<'_>) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("not TOML: {error}"))?;
    let routes = document.entry("routes").or_insert_with(|| ArrayOfTables::new().into());
    let routes =
        opened(routes).ok_or("`routes` is no list of tables\n  hint: write `[[routes]]`")?;
    let known = routes.iter().position(|route| is_for(route, spot));
    let index = known.unwrap_or_else(|| {
        routes.push(route(spot));
        routes.len().saturating_sub(1)
    });
    let route = routes.get_mut(index).ok_or("the route is gone")?;
    apply(route, change)?;
    Ok(document.to_string())
}

/// The tables of `list`, which may stand in one line: `routes = [{ … }]` is opened, so that more can
/// stand in each. `None` where it holds something else.
fn opened(list: &mut Item) -> Option<&mut ArrayOfTables> {
    if list.as_array().is_some_and(Array::is_empty) {
        *list = ArrayOfTables::new().into();
    }
    if list.is_array() {
        *list = std::mem::take(list).into_array_of_tables().ok()?.into();
    }
    list.as_array_of_tables_mut()
}

/// Whether a route is for this place and no other.
fn is_for(route: &Table, spot: &Spot) -> bool {
    let one = |key: &str| -> Vec<String> {
        match route.get(key) {
            Some(item) if item.is_str() => item.as_str().map(str::to_owned).into_iter().collect(),
            Some(item) => item
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|entry| entry.as_str().map(str::to_owned))
                .collect(),
            None => Vec::new(),
        }
    };
    one("path") == [spot.path.as_str()]
        && one("host") == spot.host.iter().cloned().collect::<Vec<_>>()
        && one("methods") == spot.method.iter().cloned().collect::<Vec<_>>()
}

fn route(spot: &Spot) -> Table {
    let mut route = Table::new();
    route.insert("path", value(spot.path.as_str()));
    for (key, name) in [("host", &spot.host), ("methods", &spot.method)] {
        if let Some(name) = name {
            route.insert(key, value(Array::from_iter([name.as_str()])));
        }
    }
    route
}

fn apply(route: &mut Table, change: &Change<'_>) -> Result<(), String> {
    match change {
        Change::Setting { guard, key, value: setting } => {
            let guards = inner(route, "guards")?;
            inner(guards, guard)?.insert(key, value(*setting));
        }
        Change::Exceptions { inherited, more } => {
            let waf = inner(inner(route, "guards")?, "waf")?;
            let has_list = waf.contains_key("exceptions");
            let list = waf.entry("exceptions").or_insert_with(|| ArrayOfTables::new().into());
            let hint = "write `[[routes.guards.waf.exceptions]]`";
            let list = opened(list)
                .ok_or_else(|| format!("`exceptions` is no list of tables\n  hint: {hint}"))?;
            let inherited = inherited.iter().filter(|_| !has_list);
            for exception in inherited.chain(*more) {
                list.push(table(exception));
            }
        }
    }
    Ok(())
}

/// The table called `name`, which has no header of its own where it is new and holds tables alone.
fn inner<'t>(table: &'t mut Table, name: &str) -> Result<&'t mut Table, String> {
    let item = table.entry(name).or_insert_with(|| {
        let mut new = Table::new();
        new.set_implicit(true);
        new.into()
    });
    if let Item::Value(_) = item {
        // `guards = { waf = { … } }`: opened, so that tables can stand in it.
        let opened = std::mem::take(item).into_table();
        *item = opened.map_or(Item::None, Item::Table);
    }
    item.as_table_mut().ok_or_else(|| format!("`{name}` of the route is no table"))
}

/// An exception as it would be written.
fn table(exception: &ExceptionSection) -> Table {
    let mut table = Table::new();
    let Shown::Table(keys) = exception.show() else { return table };
    for (key, shown) in keys {
        let Shown::Value(shown) = shown else { continue };
        if let Ok(parsed) = shown.to_string().parse::<Value>() {
            table.insert(key, value(parsed));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot() -> Spot {
        Spot { path: "/a".into(), host: None, method: Some("POST".into()) }
    }

    #[test]
    fn what_stands_in_a_file_stays_as_it_is() {
        let before = "# mine\n[upstream]\nurl = \"http://a\" # the application\n\n[[routes]]\npath = \"/b\"\n\n[log]\naccess = false\n";
        let change = Change::Setting { guard: "waf", key: "mode", value: "observe" };
        let after = changed(before, &spot(), &change).unwrap();
        for line in before.lines() {
            assert!(after.contains(line), "{line}: {after}");
        }
        let route = "[[routes]]\npath = \"/a\"\nmethods = [\"POST\"]\n\n[routes.guards.waf]\nmode = \"observe\"\n";
        assert!(after.contains(route), "{after}");
        let again = changed(&after, &spot(), &change).unwrap();
        assert_eq!(again, after, "the same route is changed, no second one made");
    }

    #[test]
    fn exceptions_are_added_to_those_that_hold() {
        let more = [ExceptionSection::default()];
        let (none, change) = (&[][..], |inherited| Change::Exceptions { inherited, more: &more });
        let head = "[[routes.guards.waf.exceptions]]";
        let first = changed("", &spot(), &change(none)).unwrap();
        assert_eq!(first.matches(head).count(), 1, "{first}");
        let second = changed(&first, &spot(), &change(&more)).unwrap();
        assert_eq!(second.matches(head).count(), 2, "its own list holds already: {second}");
        let fresh = changed("", &spot(), &change(&more)).unwrap();
        assert_eq!(fresh.matches(head).count(), 2, "what it would inherit goes in: {fresh}");
    }

    #[test]
    fn what_cannot_be_changed_is_an_error() {
        let change = Change::Setting { guard: "waf", key: "mode", value: "off" };
        for text in
            ["routes = [1]", "= 1", "[[routes]]\npath = \"/a\"\nmethods = \"POST\"\nguards = 1"]
        {
            changed(text, &spot(), &change).unwrap_err();
        }
        let inline = "[[routes]]\npath = \"/a\"\nmethods = [\"POST\"]\nguards = { waf = { mode = \"observe\" } }\n";
        let opened = changed(inline, &spot(), &change).unwrap();
        assert!(opened.contains("mode = \"off\""), "{opened}");
    }

    #[test]
    fn routes_in_one_line_are_opened() {
        let change = Change::Setting { guard: "waf", key: "mode", value: "off" };
        let line = "routes = [{ path = \"/b\" }, { path = \"/a\", methods = [\"POST\"] }]\n";
        for text in ["routes = []\n", line] {
            let after =
                changed(&format!("data = \"/d\"\n{text}[log]\naccess = true\n"), &spot(), &change);
            let after = after.unwrap();
            let parsed: DocumentMut = after.parse().unwrap();
            let routes = parsed["routes"].as_array_of_tables().unwrap();
            let last = routes.iter().last().unwrap();
            assert_eq!(last["path"].as_str(), Some("/a"), "{after}");
            assert_eq!(last["guards"]["waf"]["mode"].as_str(), Some("off"), "{after}");
            assert_eq!(parsed["log"]["access"].as_bool(), Some(true), "{after}");
            assert_eq!(routes.len(), if text == line { 2 } else { 1 }, "{after}");
        }
        let more = [ExceptionSection::default()];
        let change = Change::Exceptions { inherited: &[], more: &more };
        let inline = "[[routes]]\npath = \"/a\"\nmethods = [\"POST\"]\nguards = { waf = { exceptions = [{ class = \"sqli\" }] } }\n";
        let after = changed(inline, &spot(), &change).unwrap();
        assert_eq!(after.matches("[[routes.guards.waf.exceptions]]").count(), 2, "{after}");
    }
}
