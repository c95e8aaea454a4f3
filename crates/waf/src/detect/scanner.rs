//! The signs of scanners: what they call themselves. They lie easily, so the weight is low, and no
//! honest browser, library or search engine is named here.

use super::bytes::contains_any;
use super::finding::Class;
use super::input::Place;
use super::view::{View, Work};

/// Tools that look for holes, by the names they send.
const TOOLS: &[&str] = &[
    "sqlmap",
    "nikto",
    "nessus",
    "openvas",
    "acunetix",
    "netsparker",
    "invicti",
    "w3af",
    "wpscan",
    "joomscan",
    "droopescan",
    "dirbuster",
    "gobuster",
    "feroxbuster",
    "ffuf",
    "wfuzz",
    "dirsearch",
    "arachni",
    "havij",
    "masscan",
    "zmeu",
    "nuclei",
    "jaeles",
    "whatweb",
    "wafw00f",
    "xsstrike",
    "commix",
    "nmap scripting",
    "zgrab",
    "burpcollaborator",
    "qualys",
    "appscan",
    "webinspect",
    "vega/",
    "skipfish",
    "grabber",
    "paros",
    "webshag",
    "jbrofuzz",
    "sqlninja",
    "bsqlbf",
    "absinthe",
    "morfeus",
    "whcc",
    "fimap",
    "uil2pn",
    "brutus",
    "hydra",
    "metis",
    "n-stealth",
    "pmafind",
    "webtrends security",
    "springenwerk",
    "voideye",
    "mysqloit",
    "struts-pwn",
    "advanced email extractor",
    "interact.sh",
    "cgichk",
    "internet ninja",
    "core-project",
    "gootkit",
    "prog.customcrawler",
    "datacha0s",
    "black widow",
    "toata dragostea",
    "sysscan",
    "amiga-aweb",
    "grendel-scan",
    "blackwidow",
];

/// Whether the place is one where tools name themselves.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    matches!(
        view.place,
        Place::Header(
            "user-agent"
                | "x-scanner"
                | "acunetix-product"
                | "acunetix-scanning-agreement"
                | "x-wvs-id"
        )
    )
}

/// Looks for a tool's name.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !matches!(view.place, Place::Header("user-agent")) {
        work.note(Class::Scanner, 80, 0..view.bytes.len(), "a header of a scanner");
        return;
    }
    // A browser says so at the start; the tools' names are long enough to be looked for behind it.
    if contains_any(view.bytes, TOOLS) {
        work.note(Class::Scanner, 66, 0..view.bytes.len(), "the name of a scanner");
    }
}
