#!/bin/bash
# The HTML stage, from the count that fits to the pages that are written.
. "$(dirname "$0")/lib.sh"
cp -r "$SOURCE/examples/html" html && cd html || exit 2
rm -rf cache site
expect 125 "$FITRUN" stages/html.toml -- ./render --jobs '<threads>'
said err 'cache/pages.json: No such file'
./make-pages 120

# 3 x the file + 50 MB a worker: with 3.5 workers' room 3 fit
room() { echo $(((3 * $(stat -c %s cache/pages.json) + $1 * 5000000) * 10 / 7)); }
pages=(--available "ram=$(room 35)" --want 8 stages/html.toml)
expect 0 "$FITRUN" "${pages[@]}" -- ./render --jobs '<threads>'
[ "$(cat out)" = "rendered 120 pages with 3 workers" ] || fail "$(cat out)"
said err '+ 3 x 50 MB/worker -> 3 worker(s)'
said err '[budget:HTML] reduced workers 8 -> 3 to stay out of swap'
mv site three

expect 0 "$FITRUN" "${pages[@]}" --available "ram=$(room 15)" # the stage's own command
[ "$(cat out)" = "rendered 120 pages with 1 workers" ] || fail "$(cat out)"
diff -r site three || fail "the site depends on the number of workers"
[ "$(find site -name '*.html' | wc -l)" = 120 ] || fail "not every page"
title=$(python3 -c 'import json; print(json.load(open("cache/pages.json"))[7]["title"])')
grep -q "<h1>$title</h1>" site/7.html || fail "page 7 is not $title"

# 50 MB for 1000 pages are what a worker takes, however many share the rendering:
# 15 MB for 300, and a little for the process.
./make-pages 300
expect 0 "$FITRUN" measure -q --format json --counts 1,2,4 --repeat 1 stages/html.toml
python3 -c 'import json
pool = json.load(open("out"))["pools"][0]
assert pool["shape"] == "line" and 11e6 < pool["per_worker"] < 18e6, pool' || fail "another cost"

# a worker that fails is a stage that fails
rm -rf site && mkdir -p site/7.html
expect 1 "$FITRUN" -q "${pages[@]}" -- ./render --jobs '<threads>'
said err 'render: 1 of 3 workers failed'
