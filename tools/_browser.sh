# Sourced by run_tests.sh: the tests of the report page look at it in Chromium. Where none is installed, Debian's package
# is, if that is allowed: as root, with apt-get. It may fail, or take too long: those tests are then skipped, no more.
bring_browser() {
    local name
    for name in chromium chromium-browser google-chrome chrome; do
        if command -v "$name" > /dev/null; then return 0; fi
    done
    # RPN_BROWSER_TRIED: tests run this script again, which does not try again what failed.
    if [ -n "${RPN_BROWSER_TRIED:-}" ] || [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then return 0; fi
    export RPN_BROWSER_TRIED=yes DEBIAN_FRONTEND=noninteractive
    echo "== no Chromium: installing Debian's package for the tests of the report page"
    {
        timeout 60 apt-get update &&
        timeout 150 apt-get install -y --no-install-recommends --download-only chromium &&
        timeout 90 apt-get install -y --no-install-recommends --no-download chromium
    } > /dev/null 2>&1 < /dev/null || echo "== that did not work; the tests of the report page are skipped"
}
