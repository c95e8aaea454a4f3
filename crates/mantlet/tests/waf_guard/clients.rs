//! Requests as real clients shape them pass on defaults: what fields hold, and whole requests of
//! browsers, beacons, API clients and sign-in pages.

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use super::common::gate;
use super::{escaped, get, post, quoted};

const FORM: &str = "application/x-www-form-urlencoded";

fn fields() -> Vec<String> {
    let file = mantlet_testkit::root().join("corpora/waf/benign/fields.txt");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.starts_with("## ")).map(str::to_owned).collect()
}

/// What was refused, with the reason.
fn note(wrong: &mut Vec<String>, gate: &MantletProcess, what: &str, text: &str, answer: &Response) {
    if answer.status != 200 {
        let event = gate.events().pop().unwrap_or_default();
        let status = answer.status;
        let [reason, class, message] =
            ["reason", "class", "message"].map(|name| event.get(name).cloned().unwrap_or_default());
        wrong.push(format!("{what} `{text}`: {status} {reason} {class} {message}"));
    }
}

// covers: ETSM-13, YMERA-09 (binary)
#[test]
fn what_fields_hold_passes_wherever_it_stands() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let address = gate.address();
    let mut wrong = Vec::new();
    let fields = fields();
    assert!(fields.len() > 200);
    for (index, text) in fields.iter().enumerate() {
        let pair = format!("q={}", escaped(text));
        let (what, answer) = match index % 4 {
            0 => ("form", post(address, FORM, &pair)),
            1 => {
                let json = format!("{{\"items\":[{{\"text\":{}}}]}}", quoted(text));
                ("json", post(address, "application/json", json))
            }
            2 => {
                let parts = format!(
                    "--B\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n{text}\r\n--B--\r\n"
                );
                ("parts", post(address, "multipart/form-data; boundary=B", parts))
            }
            _ => ("cookie", wire::get(address, "/", &[("Cookie", &format!("theme=dark; {pair}"))])),
        };
        note(&mut wrong, &gate, what, text, &answer);
        note(&mut wrong, &gate, "query", text, &get(address, &format!("/search?{pair}&page=2")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Method, target, header fields, body.
type Request = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const REQUESTS: &[Request] = &[
    (
        "GET",
        "/?utm_source=news&utm_medium=email&utm_campaign=spring%20sale&gclid=Cj0KCQjw-uH6BRDQARIsAI3I-Ufx",
        &[],
        "",
    ),
    (
        "GET",
        "/g/collect?v=2&tid=G-ABC&dl=https%3A%2F%2Fexample.org%2Fa%3Fb%3D1%26c%3D2&dt=It%27s%20here%20%7C%20Shop&sr=1920x1080&_p=1&uap=Windows&en=page_view",
        &[],
        "",
    ),
    (
        "GET",
        "/authorize?response_type=code&client_id=abc&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb%3Fx%3D1&scope=openid%20profile%20email&state=eyJhIjoxfQ&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        &[],
        "",
    ),
    (
        "GET",
        "/cb?code=4%2F0AX4XfWh-abc&state=xyz%3D%3D&scope=email+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email&authuser=0&prompt=none",
        &[],
        "",
    ),
    (
        "POST",
        "/saml/acs",
        &[("Content-Type", FORM)],
        "SAMLResponse=PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6bmFtZXM6dGM6U0FNTDoyLjA6cHJvdG9jb2wiIElEPSJfMSI%2BPHNhbWw6SXNzdWVyIHhtbG5zOnNhbWw9InVybjpvYXNpczpuYW1lczp0YzpTQU1MOjIuMDphc3NlcnRpb24iPmh0dHBzOi8vaWRwLmV4YW1wbGUub3JnPC9zYW1sOklzc3Vlcj48L3NhbWxwOlJlc3BvbnNlPg%3D%3D&RelayState=https%3A%2F%2Fapp.example.org%2F",
    ),
    (
        "GET",
        "/file.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20240101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20240101T000000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
        &[],
        "",
    ),
    (
        "GET",
        "/api/items?filter%5Bstatus%5D=open&filter%5Bprice%5D%5Bgte%5D=10&sort=-created,name&page%5Bsize%5D=20&fields=id,name",
        &[],
        "",
    ),
    (
        "GET",
        "/odata/Products?$filter=Price%20gt%205%20and%20Name%20ne%20%27Milk%27&$orderby=Name%20desc&$top=10",
        &[],
        "",
    ),
    ("GET", "/search?q=%22exact+phrase%22+-without+site%3Aexample.org+OR+%28a+AND+b%29", &[], ""),
    ("GET", "/wiki/C%2B%2B_(programming_language)#History", &[], ""),
    ("GET", "/wiki/O%27Brien_%26_Sons", &[], ""),
    ("GET", "/_next/static/chunks/pages/%5Bslug%5D-0f3a.js?v=1.2.3", &[], ""),
    (
        "GET",
        "/fonts/a.woff2?family=Open+Sans:wght@400;700&display=swap",
        &[("Origin", "https://example.org")],
        "",
    ),
    ("GET", "/img?url=https%3A%2F%2Fcdn.example.org%2Fa%20(1).png&w=640&q=75", &[], ""),
    (
        "POST",
        "/graphql",
        &[("Content-Type", "application/json")],
        r#"{"operationName":"Me","query":"query Me($id: ID!) {\n  user(id: $id) {\n    ...F\n    posts(first: 10, orderBy: {field: CREATED, direction: DESC}) { edges { node { id title } } }\n  }\n}\nfragment F on User { id name email }","variables":{"id":"VXNlcjox"}}"#,
    ),
    (
        "POST",
        "/graphql",
        &[("Content-Type", "application/json")],
        r#"[{"query":"mutation($t: String!) { add(text: $t) { id } }","variables":{"t":"it's 5 > 3 & \"so on\""}}]"#,
    ),
    (
        "POST",
        "/graphql",
        &[("Content-Type", "application/graphql")],
        "{ user(name: \"O'Brien\") { id } }",
    ),
    ("GET", "/graphql?query=%7Bme%7Bid%20name%7D%7D&variables=%7B%22a%22%3A1%7D", &[], ""),
    (
        "POST",
        "/jsonrpc",
        &[("Content-Type", "application/json")],
        r#"{"jsonrpc":"2.0","method":"subtract","params":[42,-23.5],"id":1}"#,
    ),
    (
        "POST",
        "/v1/chat/completions",
        &[("Content-Type", "application/json")],
        r#"{"model":"m","messages":[{"role":"system","content":"You are a helper. Don't use `eval`."},{"role":"user","content":"How do I select from two tables in SQL and drop duplicates? Also explain <script> tags; thanks!"}],"temperature":0.7}"#,
    ),
    (
        "POST",
        "/api/issues",
        &[("Content-Type", "application/json")],
        r#"{"title":"Crash when name is O'Brien","body":"Steps:\n1. Open `/users?id=1`\n2. See error\n\n```\nTypeError: x is undefined\n  at f (a.js:1:2)\n```\n","labels":["bug"]}"#,
    ),
    (
        "PATCH",
        "/api/items/1",
        &[("Content-Type", "application/json-patch+json")],
        r#"[{"op":"replace","path":"/name","value":"B & C"},{"op":"remove","path":"/a~1b"}]"#,
    ),
    (
        "PUT",
        "/api/items/1",
        &[("Content-Type", "application/merge-patch+json")],
        r#"{"a":{"b":null},"price":"$5.99"}"#,
    ),
    (
        "POST",
        "/_search",
        &[("Content-Type", "application/json")],
        r#"{"size":10,"sort":[{"date":"desc"}],"aggs":{"by":{"terms":{"field":"tag"}}}}"#,
    ),
    (
        "POST",
        "/bulk",
        &[("Content-Type", "application/x-ndjson")],
        "{\"index\":{}}\n{\"title\":\"Tom & Jerry's\"}\n",
    ),
    (
        "POST",
        "/beacon",
        &[("Content-Type", "text/plain;charset=UTF-8")],
        r#"{"type":"pageview","url":"https://example.org/a?b=1&c=2","ref":"","ts":1700000000000,"title":"It's | here"}"#,
    ),
    (
        "POST",
        "/beacon",
        &[("Content-Type", "text/plain;charset=UTF-8")],
        "e=pv&url=https%3A%2F%2Fexample.org%2F&res=1920x1080&cookie=1",
    ),
    (
        "POST",
        "/csp",
        &[("Content-Type", "application/csp-report")],
        r#"{"csp-report":{"document-uri":"https://example.org/","violated-directive":"script-src","blocked-uri":"inline","original-policy":"default-src 'self'; script-src 'nonce-abc'"}}"#,
    ),
    (
        "POST",
        "/reports",
        &[("Content-Type", "application/reports+json")],
        r#"[{"type":"deprecation","age":10,"url":"https://example.org/","body":{"id":"x","message":"'a' is deprecated; use \"b\"."}}]"#,
    ),
    (
        "POST",
        "/sentry/envelope",
        &[("Content-Type", "application/x-sentry-envelope")],
        "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"event\"}\n{\"message\":\"can't read x\"}\n",
    ),
    (
        "POST",
        "/otlp/v1/traces",
        &[("Content-Type", "application/x-protobuf")],
        "\x0a\x12\x08\x01\x12\x0eGET /users?id=1",
    ),
    (
        "POST",
        "/token",
        &[("Content-Type", FORM), ("Authorization", "Basic YWJjOmRlZg==")],
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ),
    (
        "POST",
        "/login",
        &[("Content-Type", FORM)],
        "csrf_token=ImE3ZjQi.Zb0&email=o%27brien%40example.org&password=p%40ss%27w%22o%3Brd%26%231%21&remember=on",
    ),
    (
        "POST",
        "/checkout",
        &[("Content-Type", FORM)],
        "name=D%27Arcy+%26+Co.&street=12%2F3+King%27s+Rd.%3B+Apt+%234&note=Leave+at+door+%28please%21%29&amount=%241%2C234.56",
    ),
    (
        "POST",
        "/webhook",
        &[
            ("Content-Type", "application/json"),
            (
                "X-Hub-Signature-256",
                "sha256=d57c68ca6f92289e6987922ff26938930f6e66a2d161ef06abdf1859230aa23c",
            ),
        ],
        r#"{"ref":"refs/heads/main","commits":[{"message":"fix: don't crash on `null`; closes #12","added":["src/a.js"],"author":{"name":"O'B","email":"a@b.c"}}]}"#,
    ),
    (
        "POST",
        "/stripe",
        &[
            ("Content-Type", "application/json"),
            (
                "Stripe-Signature",
                "t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
            ),
        ],
        r#"{"id":"evt_1","object":"event","data":{"object":{"amount":2000,"description":"T-shirt (L) & cap"}}}"#,
    ),
    (
        "POST",
        "/slack",
        &[("Content-Type", FORM)],
        "token=x&command=%2Fweather&text=94070+%7C+today&response_url=https%3A%2F%2Fhooks.example.org%2Fcommands%2F1%2F2",
    ),
    (
        "POST",
        "/soap",
        &[("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", "\"urn:GetPrice\"")],
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body><GetPrice xmlns=\"urn:x\"><Item>R&amp;D's</Item></GetPrice></soap:Body></soap:Envelope>",
    ),
    (
        "POST",
        "/xmlrpc",
        &[("Content-Type", "text/xml")],
        "<?xml version=\"1.0\"?><methodCall><methodName>add</methodName><params><param><value><int>1</int></value></param></params></methodCall>",
    ),
    (
        "POST",
        "/feed",
        &[("Content-Type", "application/atom+xml")],
        "<?xml version=\"1.0\"?><entry xmlns=\"http://www.w3.org/2005/Atom\"><title>It's 5 &gt; 3</title></entry>",
    ),
    (
        "PROPFIND",
        "/dav/",
        &[("Content-Type", "application/xml"), ("Depth", "1")],
        "<?xml version=\"1.0\"?><d:propfind xmlns:d=\"DAV:\"><d:prop><d:displayname/></d:prop></d:propfind>",
    ),
    (
        "POST",
        "/editor",
        &[("Content-Type", "application/json")],
        r#"{"html":"<p>Hello <strong>O'Brien</strong>, see <a href=\"https://example.org/?a=1&amp;b=2\">this</a>.</p><ul><li>one</li></ul>"}"#,
    ),
    (
        "POST",
        "/editor",
        &[("Content-Type", "application/json")],
        r##"{"markdown":"# Title\n\nUse `SELECT * FROM t WHERE a = 'b';` to query.\n\n```sh\nnpm install\nnpm test\n```\nThat's all."}"##,
    ),
    (
        "POST",
        "/csv",
        &[("Content-Type", "text/csv")],
        "id,name,note\n1,\"O'Brien\",\"5 > 3; ok\"\n2,Tom & Jerry,--\n",
    ),
    (
        "POST",
        "/log",
        &[("Content-Type", "text/plain")],
        "2024-01-01 12:00:00 ERROR [main] c.e.App - can't open 'a.txt' (code=2); retrying...\n",
    ),
    (
        "POST",
        "/tex",
        &[("Content-Type", "text/plain")],
        "\\begin{equation} \\int_0^1 x^2 \\, dx = \\frac{1}{3} \\end{equation}",
    ),
    (
        "POST",
        "/yaml",
        &[("Content-Type", "application/yaml")],
        "a: 1\nb: [x, 'y']\nc: |\n  it's text\n",
    ),
    (
        "POST",
        "/upload",
        &[("Content-Type", "multipart/form-data; boundary=----WebKitFormBoundaryA")],
        "------WebKitFormBoundaryA\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nMy cat's photo (1) & more\r\n------WebKitFormBoundaryA\r\nContent-Disposition: form-data; name=\"file\"; filename=\"IMG_2024 (1) - Tom's.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nnoise' or \"so\r\n------WebKitFormBoundaryA--\r\n",
    ),
    (
        "POST",
        "/upload",
        &[("Content-Type", "multipart/form-data; boundary=B")],
        "--B\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{\"name\":\"O'Brien\"}\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"r\u{e9}sum\u{e9}.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4 1 0 obj << /Type /Catalog >>\r\n--B--\r\n",
    ),
    (
        "GET",
        "/",
        &[(
            "Cookie",
            "_ga=GA1.2.1.1; _gid=GA1.2.2; OptanonConsent=isGpcEnabled=0&datestamp=Mon+Jan+01+2024+00%3A00%3A00+GMT%2B0100&groups=C0001%3A1%2CC0002%3A0; session=eyJhIjp7ImIiOiJjIn19.ZZ.abc-_",
        )],
        "",
    ),
    (
        "GET",
        "/",
        &[(
            "Cookie",
            "prefs={%22theme%22:%22dark%22%2C%22tz%22:%22Europe/Berlin%22}; cart=[1,2,3]; name=O%27Brien",
        )],
        "",
    ),
    (
        "GET",
        "/",
        &[
            (
                "User-Agent",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            ),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", "de-DE,de;q=0.9,en;q=0.8"),
            ("Sec-CH-UA", "\"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\""),
            ("Sec-Fetch-Site", "same-origin"),
        ],
        "",
    ),
    (
        "GET",
        "/",
        &[
            ("Referer", "https://www.example.org/search?q=it%27s+%22here%22&hl=en#:~:text=a,b"),
            ("If-None-Match", "W/\"5e15-abc\""),
            ("X-Requested-With", "XMLHttpRequest"),
        ],
        "",
    ),
    (
        "GET",
        "/",
        &[
            (
                "Authorization",
                "Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLm9yZyJ9.c2ln-_bmF0dXJl",
            ),
            ("Baggage", "userId=alice,serverNode=DF%2028;x=y"),
            ("Tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ],
        "",
    ),
    (
        "GET",
        "/",
        &[(
            "Authorization",
            "Digest username=\"O'B\", realm=\"a\", nonce=\"b\", uri=\"/\", response=\"c\", qop=auth, nc=00000001, cnonce=\"d\"",
        )],
        "",
    ),
    (
        "GET",
        "/",
        &[
            ("User-Agent", "curl/8.5.0"),
            ("Range", "bytes=0-99,200-"),
            ("Prefer", "return=minimal; foo=\"bar\""),
        ],
        "",
    ),
];

#[test]
fn requests_as_clients_shape_them_pass() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let mut wrong = Vec::new();
    for (method, target, headers, body) in REQUESTS {
        let target = target.split('#').next().unwrap_or_default();
        let answer = wire::request(gate.address(), method, target, headers, body.as_bytes());
        note(&mut wrong, &gate, method, target, &answer);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
