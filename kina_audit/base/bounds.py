"""How much an input may make us do: every bound, in one table.

All input is untrusted. Each bound is far above what any real input asks for and low enough that no command holds more than
300 MB or, for a megabyte of input, works longer than ten seconds. `docs/bounds.md` is made of this table; `tests/test_bounds.py`
tries each at the bound and above it.
"""

KIB = 1024
MIB = 1024 * KIB


class Bound:
    """One bound, of a plain class: making a ``NamedTuple`` takes longer than all of the table.

    Attributes:
        name: the constant.
        most: what is still accepted.
        unit: of ``most``.
        of: what it bounds, and, where one is known, what the largest real input asks for.
    """

    def __init__(self, name: str, most: int, unit: str, of: str) -> None:
        self.name, self.most, self.unit, self.of = name, most, unit, of


TABLE: list[Bound] = []
"""Every bound, in the order of the page."""


def _most(name: str, most: int, unit: str, of: str) -> int:
    TABLE.append(Bound(name, most, unit, of))
    return most


# A config
CONFIG_BYTES = _most("CONFIG_BYTES", 16 * MIB, "bytes", "config text, once decompressed; real ones: 0.4 MB")
CONFIG_LINES = _most("CONFIG_LINES", 200_000, "lines", "of a config; Debian's for arm64 has 13,868")
CONFIG_LINE = _most("CONFIG_LINE", 64 * KIB, "characters", "of one line of a config; real ones: 105")
CONFIG_WARNINGS = _most(
    "CONFIG_WARNINGS", 1_000, "warnings", "about lines of a config that are kept; the rest is counted"
)

# Images, packages and archives
DECOMPRESSED_MIB = _most(
    "DECOMPRESSED_MIB", 512, "MiB", "that an image, or one layer of it, may expand to without --max-decompressed"
)
IMAGE_BYTES = _most(
    "IMAGE_BYTES", 4096 * MIB, "bytes", "of a file that may be an image, or --max-decompressed; vmlinux has 1 GB"
)
LAYERS = _most("LAYERS", 4, "layers", "of containers or compression inside each other")
WINDOW = _most(
    "WINDOW",
    128 * MIB,
    "bytes",
    "of history that a decompressor may hold; xz and zstd of the kernel's own build ask for it",
)
ARCHIVE_RATIO = _most("ARCHIVE_RATIO", 64, "times", "that an archive past DECOMPRESSED_MIB may expand; real ones: 5")
MEMBERS = _most("MEMBERS", 400_000, "members", "of an archive; the kernel's own source has 90,000")
MEMBER_NAME = _most("MEMBER_NAME", 4_096, "characters", "of a member's name: PATH_MAX of Linux")
MEMBER_HEADER = _most("MEMBER_HEADER", MIB, "bytes", "of a member's long name or pax header")
TAR_ZEROS = _most("TAR_ZEROS", 16 * MIB, "bytes", "of zeros of a tar archive; tar itself writes 10 KiB at its end")
MEMBER_HELD = _most(
    "MEMBER_HELD", 64 * MIB, "bytes", "of a member that is held in memory; a larger one is read forward"
)
MEMBER_IMAGES = _most("MEMBER_IMAGES", 16, "images", "of an archive that are looked into")
LINK_TEXT = _most("LINK_TEXT", 16 * MIB, "characters", "of an archive's links that are remembered")
LINKS = _most("LINKS", 8, "links", "that one member may lead on through")
ZIP_DIRECTORY = _most(
    "ZIP_DIRECTORY", 12 * MIB, "bytes", "of a zip archive's directory; the kernel's own source would have 9 MiB"
)
FOLDER_FILES = _most("FOLDER_FILES", 256, "files", "of a folder that may hold its kernel")
FOLDER_DEPTH = _most("FOLDER_DEPTH", 64, "folders", "inside each other that matrix and --profile-dir go into")
MODULES_BYTES = _most(
    "MODULES_BYTES", 4 * MIB, "bytes", "of modules.dep or modules.builtin; Debian's have 0.6 MB, Ubuntu's 0.9 MB"
)
MODPROBE_FILES = _most("MODPROBE_FILES", 1_000, "files", "of a folder of modprobe's settings")
MODPROBE_BYTES = _most("MODPROBE_BYTES", 2 * MIB, "bytes", "of all of modprobe's settings; real ones: 20 kB")
MODPROBE_PATTERNS = _most("MODPROBE_PATTERNS", 100, "patterns", "of modules in them; real ones: none")
MODPROBE_PATTERN = _most("MODPROBE_PATTERN", 256, "characters", "of such a pattern; a module's name has 55")
MODULE_FILES = _most("MODULE_FILES", 200_000, "names", "below a folder of modules without an index")
MAKEFILE_BYTES = _most("MAKEFILE_BYTES", MIB, "bytes", "of the Makefile beside a config; Linux 7.2 has 0.1 MB")

# Kernel trees
TREE_ARCHIVE = _most("TREE_ARCHIVE", 512 * MIB, "bytes", "of an archive that is fetched; linux-*.tar.xz has 150 MB")
TREE_UNPACKED = _most("TREE_UNPACKED", 8 * 1024 * MIB, "bytes", "that such an archive may expand to; real ones: 1.6 GB")
TREE_FILES = _most("TREE_FILES", 10_000, "files", "of a tree that Kconfig needs; Linux 7.2 has 1,917")
TREE_FOLDERS = _most("TREE_FOLDERS", 10_000, "folders", "they stand in; Linux 7.2 has 1,836")
TREE_DEPTH = _most("TREE_DEPTH", 32, "names", "of a path in a tree; Linux 7.2 has 7")
KCONFIG_FILE = _most("KCONFIG_FILE", 2 * MIB, "bytes", "of one Kconfig file; real ones: 0.1 MB")
KCONFIG_LINE = _most("KCONFIG_LINE", 64 * KIB, "characters", "of one line of it, continuations included")
KCONFIG_BYTES = _most("KCONFIG_BYTES", 64 * MIB, "bytes", "of all of them; Linux 7.2 has 7 MB")
KCONFIG_MACROS = _most("KCONFIG_MACROS", 20_000, "macros", "that are expanded; real trees: 250")
KCONFIG_EXPANSION = _most("KCONFIG_EXPANSION", MIB, "characters", "that a macro may expand to")
KCONFIG_NESTING = _most("KCONFIG_NESTING", 100, "parentheses", "of a condition behind `if` inside each other")

# The network, guests, programs
BODY_BYTES = _most("BODY_BYTES", 4 * MIB, "bytes", "of an HTTP body, as it is sent: no content encoding is undone")
HTTP_TRIES = _most("HTTP_TRIES", 3, "tries", "of one address")
HTTP_REDIRECTS = _most("HTTP_REDIRECTS", 5, "redirects", "of one try")
HTTP_WAIT = _most("HTTP_WAIT", 30, "seconds", "before the next try, whatever Retry-After says")
HTTP_CONNECT = _most("HTTP_CONNECT", 10, "seconds", "for a connection")
HTTP_READ = _most("HTTP_READ", 20, "seconds", "between two pieces of an answer")
PIPE_SECONDS = _most("PIPE_SECONDS", 10, "seconds", "that a named pipe is waited for until somebody writes to it")
HTTP_SECONDS = _most(
    "HTTP_SECONDS", 120, "seconds", "for an address in all, tries, waits and redirects included, without --timeout"
)
DOWNLOAD_SECONDS = _most("DOWNLOAD_SECONDS", 3_600, "seconds", "for a kernel's source archive in all")
ETAG = _most("ETAG", 256, "characters", "of an entity tag; a longer one, or one that is not ASCII, is not kept")
GUEST_SECONDS = _most("GUEST_SECONDS", 120, "seconds", "that a guest or node may take without --timeout")
GUEST_BYTES = _most("GUEST_BYTES", 32 * MIB, "bytes", "that it may print; a config is 0.6 MB in hexadecimal")
GUEST_LINES = _most("GUEST_LINES", 200_000, "lines", "of facts in that; a distribution's kernel has 10,000 modules")
GIT_BYTES = _most("GIT_BYTES", 16 * MIB, "bytes", "that git may print at once")
GIT_MEMORY = _most("GIT_MEMORY", 256 * MIB, "bytes", "that git may allocate for what it reads, on Linux")
GIT_SECONDS = _most("GIT_SECONDS", 60, "seconds", "that one run of git may take")
GIT_REVISIONS = _most("GIT_REVISIONS", 2_000, "commits", "of a history, the newest ones")
COMPILER_SECONDS = _most("COMPILER_SECONDS", 20, "seconds", "that one question to a compiler may take")
CACHE_BYTES = _most("CACHE_BYTES", 64 * MIB, "bytes", "of a document of a cached kernel tree; real ones: 1.7 MB")
STATUS_BYTES = _most("STATUS_BYTES", 16 * MIB, "bytes", "of an agent's saved status; real ones: 0.1 MB")
NODES = _most("NODES", 5_000, "nodes", "of a cluster, which is what Kubernetes supports")

# Files of the user's
LOG_BYTES = _most("LOG_BYTES", 16 * MIB, "bytes", "of a log that `why` reads")
LOG_LINES = _most("LOG_LINES", 300_000, "lines", "of it")
TOML_BYTES = _most("TOML_BYTES", MIB, "bytes", "of a profile, of waivers or of settings")
TOML_KEY = _most("TOML_KEY", 16, "parts", "of a dotted key")
TOML_PARTS = _most("TOML_PARTS", 150_000, "parts", "of all keys of a file together")
PROFILES = _most("PROFILES", 5_000, "files", "of a --profile-dir; 178 ship")
INCLUDES = _most("INCLUDES", 8, "profiles", "that one may lead on through by includes, any_of or same_as")
ALTERNATIVES = _most("ALTERNATIVES", 10_000, "conditions", "that the any_of of a profile leads to")
EXPRESSION = _most("EXPRESSION", 4_000, "characters", "of an expression")
EXPRESSION_DEPTH = _most("EXPRESSION_DEPTH", 60, "parentheses", "of an expression inside each other")
WAIVERS = _most("WAIVERS", 10_000, "waivers", "of a file: nobody reviewed more")
WAIVER_TEXT = _most("WAIVER_TEXT", 2_000, "characters", "of one text of a waiver")
CLAIM_BYTES = _most("CLAIM_BYTES", MIB, "bytes", "of a file of claims")
CLAIMS = _most("CLAIMS", 10_000, "claims", "of a file")
CLAIM_LINE = _most("CLAIM_LINE", 2_000, "characters", "of one line of it")
BASELINE_BYTES = _most("BASELINE_BYTES", 8 * MIB, "bytes", "of a baseline; one of every profile has 0.1 MB")
REPORT_BYTES = _most("REPORT_BYTES", 16 * MIB, "bytes", "of a stored report; one of every profile has 2.2 MB")
JSON_VALUES = _most("JSON_VALUES", 1_000_000, "values", "of a JSON document, keys included; such a report has 119,047")
SOURCES_BYTES = _most("SOURCES_BYTES", 8 * MIB, "bytes", "of a list of kernels for matrix")
SOURCES = _most("SOURCES", 100_000, "kernels", "of a matrix")
VALUES_BYTES = _most("VALUES_BYTES", 2 * MIB, "bytes", "of Helm values or a ConfigMap")
VALUES_EVENTS = _most("VALUES_EVENTS", 200_000, "events", "of their YAML")
VALUES = _most(
    "VALUES", 20_000, "values", "in them, merged ones included; the schema of Cilium 1.20's chart names 1,521"
)
VALUES_TEXT = _most("VALUES_TEXT", 8 * MIB, "characters", "of their paths and texts, aliases resolved")
VALUES_DEPTH = _most("VALUES_DEPTH", 40, "mappings", "of them inside each other")
VALUES_KEY = _most("VALUES_KEY", 1_000, "characters", "of a value's path")
LABELS = _most("LABELS", 20, "labels", "of a report")
LABEL = _most("LABEL", 200, "characters", "of a label")
SAID = _most("SAID", 2_000, "characters", "of a line on stderr")
