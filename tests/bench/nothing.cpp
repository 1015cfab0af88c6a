// The tool of tests/bench/launch, under the name of make.

int main() {}
