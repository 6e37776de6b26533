//! The browsers and the JavaScript packages that the tests use, and how the machine gets them.

use std::path::PathBuf;

use crate::debian::{self, Look, Need};
use crate::packages::{self, workspace};

const NEEDS: [Need; 12] = [
    Need { what: "Chromium", look: Look::Program("chromium"), package: "chromium" },
    Need { what: "Chromium's driver", look: Look::Program("chromedriver"), package: "chromium-driver" },
    Need { what: "WebKit's driver", look: Look::Program("WebKitWebDriver"), package: "webkit2gtk-driver" },
    Need { what: "Python's GObject", look: Look::Python("import gi"), package: "python3-gi" },
    Need {
        what: "WebKitGTK 4.1 for GObject",
        look: Look::Python("import gi; gi.require_version('WebKit2', '4.1')"),
        package: "gir1.2-webkit2-4.1",
    },
    Need { what: "a screen without a monitor", look: Look::Program("Xvfb"), package: "xvfb" },
    Need { what: "ImageMagick", look: Look::Program("import"), package: "imagemagick" },
    Need {
        what: "a font",
        look: Look::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
        package: "fonts-dejavu-core",
    },
    Need { what: "Node.js", look: Look::Program("node"), package: "nodejs" },
    Need { what: "npm", look: Look::Program("npm"), package: "npm" },
    Need { what: "curl", look: Look::Program("curl"), package: "curl" },
    Need { what: "PgBouncer", look: Look::Program("pgbouncer"), package: "pgbouncer" },
];

/// Installs what is missing: on Debian by `apt-get`, JavaScript packages by `npm ci`.
pub fn install() -> Result<(), String> {
    debian::install("the browser tests", &NEEDS)?;
    packages::npm("tests/npm", "npm")
}

/// Where the JavaScript packages are, outside of the tree.
pub fn node_modules() -> PathBuf {
    workspace().join("target/npm/node_modules")
}
