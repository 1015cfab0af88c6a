#!/usr/bin/env python3
"""Every spelling of every ready-made tool: a stub in the tool's place prints the
command line and the variables that reached it, where 3 workers fit."""
import json
import os
import subprocess
import sys
import tempfile

FITRUN = os.environ["FITRUN"]
CONFIGS = os.path.join(os.environ["SOURCE"], "configs")

# Variables, command line => command line, variables that the command must have.
# A line with "=" at its end stays as it is.
TABLE = """
make -j16 all => make -j3 all
make -j 16 => make -j 3
make --jobs=16 -C sub => make --jobs=3 -C sub
make --jobs 16 => make --jobs 3
make -kj16 => make -kj3
make -j => make -j3
make -j all => make -j3 all
make --jobs all => make --jobs=3 all
make all => make -j3 all
make -j4 -j16 => make -j3 -j3
make -C -j9 => make -j3 -C -j9
make -j2 => make -j2
make -j16 -- -j9 => make -j3 -- -j9
make -j0 =
make -jx => make -j3 -jx
gmake -j16 => gmake -j3
MAKEFLAGS=kj8 make => make -j3 MAKEFLAGS=kj8
MAKEFLAGS=-j2 make => make -j2 MAKEFLAGS=-j2
MAKEFLAGS=k_-j8_--jobserver-auth=3,4 make all => make all MAKEFLAGS=k_-j8_--jobserver-auth=3,4
GNUMAKEFLAGS=-j2 make => make -j2
MAKEFLAGS=n make => make -j3 MAKEFLAGS=n
ninja => ninja -j3
ninja -C out -j 16 => ninja -C out -j 3
ninja -j0 => ninja -j3
ninja -vj16 => ninja -vj3
ninja -k 0 -j16 => ninja -k 0 -j3
ninja -t clean -j9 => ninja -j3 -t clean -j9
samu -j16 => samu -j3
ninja-build => ninja-build -j3
cmake --build b -j 16 => cmake --build b -j 3
cmake --build b -j16 => cmake --build b -j3
cmake --build b --parallel 16 => cmake --build b --parallel 3
cmake --build b --parallel=16 => cmake --build b --parallel=3
cmake --build b -j => cmake --build b -j3
cmake --build b -- -j16 -k => cmake --build b -- -j3 -k
cmake --build b -j8 -- -j 16 => cmake --build b -j3 -- -j 3
cmake --build b => cmake --build b -j 3
cmake --build b --target x -- -s => cmake --build b -j 3 --target x -- -s
cmake --build --preset p => cmake --build -j 3 --preset p
CMAKE_BUILD_PARALLEL_LEVEL=2 cmake --build b => cmake --build b -j 2
CMAKE_BUILD_PARALLEL_LEVEL=8 cmake --build b => cmake --build b -j 3
cmake -S . -B b =
ctest -j 16 => ctest -j 3
ctest -j16 -R x => ctest -j3 -R x
ctest --parallel 16 => ctest --parallel 3
ctest -j -R x => ctest -j3 -R x
ctest -R -j9 =
ctest =
CTEST_PARALLEL_LEVEL=8 ctest => ctest -j3
meson compile -C b -j 16 => meson compile -C b -j 3
meson compile -C b --jobs=16 => meson compile -C b --jobs=3
meson compile => meson compile -j 3
meson test --num-processes 16 => meson test --num-processes 3
meson test -j 16 => meson test -j 3
MESON_TESTTHREADS=8 meson test => meson test --num-processes 3
meson test -C b => meson test --num-processes 3 -C b
nice meson test => nice meson test --num-processes 3
meson setup b =
cargo build -j 16 => cargo build -j 3
cargo build -j16 --release => cargo build -j3 --release
cargo +nightly test --jobs=16 -- --test-threads=9 => cargo +nightly test --jobs=3 -- --test-threads=9
cargo --locked check --jobs 16 => cargo --locked check --jobs 3
cargo clippy => cargo clippy -j3 CARGO_BUILD_JOBS=3
cargo build -j default => cargo build -j 3
cargo nextest run --test-threads num-cpus => cargo nextest run --test-threads 3
cargo nextest run => cargo nextest run -j3
CARGO_BUILD_JOBS=2 cargo b => cargo b -j2 CARGO_BUILD_JOBS=2
cargo fmt =
go build -p 16 ./... => go build -p 3 ./...
go build -p=16 ./... => go build -p=3 ./...
go test ./... -args -p 9 => go test -p=3 ./... -args -p 9
go test -parallel 9 => go test -p=3 -parallel 9
go -C d install => go -C d install -p=3
GOFLAGS=-p=8 go build => go build -p=3
go mod tidy =
pytest -n auto t => pytest -n 3 t
pytest -n 16 => pytest -n 3
pytest -n16 => pytest -n3
pytest -xn16 => pytest -xn3
pytest -nlogical => pytest -n3
pytest --numprocesses=16 => pytest --numprocesses=3
pytest --numprocesses auto => pytest --numprocesses 3
pytest -k -n9 t =
pytest -p xdist -rA t =
pytest -n 0 =
pytest -n 16 -- -n 2 => pytest -n 3 -- -n 2
PYTEST_ADDOPTS=-n_8 pytest => pytest -n3
py.test -n 16 => py.test -n 3
python3 -m pytest -n 16 => python3 -m pytest -n 3
python3.11 -u -m pytest -n 16 => python3.11 -u -m pytest -n 3
python3 -X dev -m pytest -n 16 => python3 -X dev -m pytest -n 3
python -W error -X utf8 -m pytest -n16 => python -W error -X utf8 -m pytest -n3
uv run pytest -n 16 => uv run pytest -n 3
jest => jest --maxWorkers=3
jest --maxWorkers=16 => jest --maxWorkers=3
jest --maxWorkers 16 => jest --maxWorkers 3
jest --max-workers=900% => jest --max-workers=3
jest -w 16 => jest -w 3
jest -w=16 => jest -w=3
jest -i =
jest --runInBand =
npx jest src/ => npx jest --maxWorkers=3 src/
npx --yes jest -w 16 => npx --yes jest -w 3
vitest run => vitest run --maxWorkers=3
vitest --maxWorkers=16 => vitest --maxWorkers=3
npx vitest run --maxWorkers 900% => npx vitest run --maxWorkers 3
xargs -P 16 convert -P 9 => xargs -P 3 convert -P 9
xargs -P16 x => xargs -P3 x
xargs -0P16 -n1 x => xargs -0P3 -n1 x
xargs --max-procs=16 x => xargs --max-procs=3 x
xargs --max-procs 16 x => xargs --max-procs 3 x
xargs -P 0 -I {} x {} => xargs -P 3 -I {} x {}
xargs -n 1 x -P 9 =
xargs -P =
xargs -P x =
xargs --max-p=16 x =
parallel x ::: a => parallel -j3 x ::: a
parallel -j16 x -j9 ::: a => parallel -j3 x -j9 ::: a
parallel -j 900% x => parallel -j 3 x
parallel --jobs=+9 x => parallel --jobs=3 x
parallel --max-procs 0 x => parallel --max-procs 3 x
parallel -k -P 16 x => parallel -k -P 3 x
PARALLEL=-j8 parallel x => parallel -j3 x
scons -j 16 => scons -j 3
scons -j16 t => scons -j3 t
scons --jobs=16 => scons --jobs=3
scons t =
SCONSFLAGS=-j_8 scons t => scons -j3 t
gradle --max-workers 16 build => gradle --max-workers 3 build
gradle --max-workers=16 build => gradle --max-workers=3 build
gradle build => gradle --max-workers=3 build
./gradlew -x test build => ./gradlew --max-workers=3 -x test build
mvn -T 9C verify => mvn -T 3 verify
mvn -T9C verify => mvn -T3 verify
mvn -T 16 verify => mvn -T 3 verify
mvn --threads 16 verify => mvn --threads 3 verify
mvn -DskipTests verify =
MAVEN_ARGS=-T8 mvn verify => mvn -T3 verify
./mvnw -T16 verify => ./mvnw -T3 verify
xz -T 16 f => xz -T 3 f
xz -9T16 f => xz -9T3 f
xz -T0 f => xz -T3 f
xz --threads=0 f => xz --threads=3 f
xz f =
xz -9e --thr=16 f =
XZ_DEFAULTS=-T8 xz f => xz -T3 f
ZSTD_NBTHREADS=2 zstd f => zstd -T2 f
zstd -T16 f => zstd -T3 f
zstd -19 -T0 f => zstd -19 -T3 f
zstd --threads=16 f => zstd --threads=3 f
zstd f =
pigz f => pigz -p3 f
pigz -p 16 f => pigz -p 3 f
pigz -9p16 f => pigz -9p3 f
pigz --processes 16 f => pigz --processes 3 f
mksquashfs d i => mksquashfs d i -processors 3
mksquashfs d i -comp xz -e x => mksquashfs d i -processors 3 -comp xz -e x
mksquashfs d i -processors 16 => mksquashfs d i -processors 3
pg_restore -j 16 -d db f => pg_restore -j 3 -d db f
pg_restore -j16 f => pg_restore -j3 f
pg_restore --jobs=16 f => pg_restore --jobs=3 f
pg_restore f =
snakemake --cores all => snakemake --cores 3
snakemake --cores 16 => snakemake --cores 3
snakemake --cores => snakemake --cores=3
snakemake -c16 t => snakemake -c3 t
snakemake -j 16 t => snakemake -j 3 t
snakemake -j => snakemake -j3
snakemake --jobs=16 => snakemake --jobs=3
snakemake t =
dpkg-buildpackage -b => dpkg-buildpackage -J3 -b
dpkg-buildpackage -j16 -us -uc => dpkg-buildpackage -j3 -us -uc
dpkg-buildpackage -jauto => dpkg-buildpackage -j3
dpkg-buildpackage -J16 => dpkg-buildpackage -J3
dpkg-buildpackage --jobs=16 => dpkg-buildpackage --jobs=3
dpkg-buildpackage --jobs-try=auto => dpkg-buildpackage --jobs-try=3
dpkg-buildpackage -j => dpkg-buildpackage -j3
DEB_BUILD_OPTIONS=nocheck_parallel=2 dpkg-buildpackage -b => dpkg-buildpackage -J2 -b DEB_BUILD_OPTIONS=nocheck_parallel=2
DEB_BUILD_OPTIONS=parallel=16 debuild -us => debuild -J3 -us
debuild -us -uc => debuild -J3 -us -uc
rpmbuild -bb x.spec => rpmbuild -bb x.spec RPM_BUILD_NCPUS=3
RPM_BUILD_NCPUS=2 rpmbuild -bb x.spec => rpmbuild -bb x.spec RPM_BUILD_NCPUS=2
pip install x => pip install x MAX_JOBS=3 CMAKE_BUILD_PARALLEL_LEVEL=3
MAX_JOBS=2 pip install x => pip install x MAX_JOBS=2
python3 -m pip wheel x => python3 -m pip wheel x MAX_JOBS=3
python3 setup.py build => python3 setup.py build MAX_JOBS=3
"""

STUB = f"""#!{sys.executable}
import json, os, sys
print(json.dumps([sys.argv[0], sys.argv[1:], dict(os.environ)]))
"""


def is_variable(word):
    name = word.split("=")[0]
    return "=" in word and name.isupper()


def tool_of(words):
    """The descriptor of a command line, by the name of a file in configs."""
    both = "-".join(words[:2])  # "meson-test"
    for word in [both, words[0]] + [w for w in words[1:7]
                                    if not w.startswith("-")]:
        path = os.path.join(CONFIGS, os.path.basename(word) + ".toml")
        if os.path.exists(path):
            return path
    sys.exit(f"no descriptor for {words}")


def stub(word, work):
    path = os.path.join(work, word if "/" in word else "bin/" + word)
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(STUB)
        os.chmod(path, 0o755)


def run(line, work):
    """What reaches the tool of a line, as words, and its environment."""
    words = line.split()
    environment = {"PATH": work + "/bin:/usr/bin:/bin", "HOME": work,
                   "FITRUN_LEASES": "off", "FITRUN_HOLD": "off"}
    while is_variable(words[0]):
        name, value = words.pop(0).split("=", 1)
        environment[name] = value.replace("_", " ")
    stub(words[0], work)
    # 4.5 GB x 0.7 = 3.15 GB
    ended = subprocess.run(
        [FITRUN, "--root", work + "/machine", "--headroom", "0.7", "--available", "ram=4.5GB", "--fixed",
         "0", "--per-worker", "1GB"] + words,
        env=environment, cwd=work, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        return None, ended.stderr, ""
    name, arguments, variables = json.loads(ended.stdout)
    if not words[0].startswith("./"):
        name = os.path.basename(name)
    return [name] + arguments, variables, ended.stderr


def main():
    failures = 0
    used = set()
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(work + "/bin")
        os.makedirs(work + "/machine/proc/self")
        with open(work + "/machine/proc/self/status", "w",
                  encoding="utf-8") as file:
            file.write("Pid:\t42\nCpus_allowed_list:\t0-15\n")
        for line in TABLE.strip().splitlines():
            before, _, after = line.partition("=>")
            if not after:
                before = after = line.rstrip("= ")
            words = [w for w in before.split() if not is_variable(w)]
            used.add(os.path.basename(os.path.realpath(tool_of(words))))
            expected = [w for w in after.split() if not is_variable(w)]
            got, variables, said = run(before, work)
            wanted = dict(w.split("=", 1) for w in after.split()
                          if is_variable(w))
            wrong = [n for n, v in wanted.items()
                     if not got or variables.get(n) != v.replace("_", " ")]
            if got != expected or wrong:
                failures += 1
                print(f"{line}\n  got {got} {wrong} {said or variables}",
                      file=sys.stderr)
    for name in sorted(os.listdir(CONFIGS)):
        with open(os.path.join(CONFIGS, name), encoding="utf-8") as file:
            if "[tool]" in file.read() and name not in used and \
                    not os.path.islink(os.path.join(CONFIGS, name)):
                failures += 1
                print(f"{name} is not tried here", file=sys.stderr)
    sys.exit(1 if failures else 0)


main()
