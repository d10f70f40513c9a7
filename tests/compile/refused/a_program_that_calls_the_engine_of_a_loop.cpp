// expect: has no member named 'read_later'
#include <edgews/edgews.hpp>

int main() {
    edgews::Loop loop;
    loop.read_later(loop);
}
