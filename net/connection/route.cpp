#include <edgews/route.hpp>

#include <stdexcept>

namespace edgews {

void UserData::throw_other_type() {
    throw std::logic_error("data<T>(): the route was given no user data of this type");
}

}  // namespace edgews
