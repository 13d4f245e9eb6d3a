#include "cli/units.hpp"

#include <gtest/gtest.h>

namespace backspin::cli {
namespace {

using std::chrono::milliseconds;

TEST(Units, NumbersAreDecimalOrHexadecimalAndNothingElse) {
    EXPECT_EQ(parse_number("0"), 0U);
    EXPECT_EQ(parse_number("18446744073709551615"), ~std::uint64_t{0});
    EXPECT_EQ(parse_number("0xff"), 255U);
    for (const char* bad :
         {"", "0x", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616", "0x1ffffffffffffffff"}) {
        EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
    }
}

TEST(Units, SizesTakeALetter) {
    EXPECT_EQ(parse_size("4096"), 4096U);
    EXPECT_EQ(parse_size("0x1000"), 4096U);
    EXPECT_EQ(parse_size("64K"), 65536U);
    EXPECT_EQ(parse_size("64k"), 65536U);
    EXPECT_EQ(parse_size("128M"), 128U << 20);
    EXPECT_EQ(parse_size("2GiB"), std::uint64_t{2} << 30);
    EXPECT_EQ(parse_size("1TB"), std::uint64_t{1} << 40);
    EXPECT_EQ(parse_size("7B"), 7U);
    EXPECT_EQ(parse_size("16777215T"), std::uint64_t{16777215} << 40);
    for (const char* bad : {"", "M", "1.5G", "128X", "128MM", "-1M", "16777216T", "1 M", "1Mi"}) {
        EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
    }
}

TEST(Units, VirtualTimesAreExact) {
    EXPECT_EQ(parse_virtual_time("0s"), VirtualTime{0});
    EXPECT_EQ(parse_virtual_time("250ns"), VirtualTime{250});
    EXPECT_EQ(parse_virtual_time("200us"), VirtualTime{200'000});
    EXPECT_EQ(parse_virtual_time("10ms"), VirtualTime{10'000'000});
    EXPECT_EQ(parse_virtual_time("1.5s"), VirtualTime{1'500'000'000});
    EXPECT_EQ(parse_virtual_time("0.000000001s"), VirtualTime{1});
    EXPECT_EQ(parse_virtual_time("1.500us"), VirtualTime{1'500});
    EXPECT_EQ(parse_virtual_time("2m"), VirtualTime{120'000'000'000});
    EXPECT_EQ(parse_virtual_time("3.0ns"), VirtualTime{3});
    for (const char* bad : {"", "10", "s", ".5s", "1.s", "1.5ns", "0.0000000001s", "-1s", "1h", "1 s",
                            "99999999999s", "18446744073709551615.1us"}) {
        EXPECT_EQ(parse_virtual_time(bad), std::nullopt) << bad;
    }
}

TEST(Units, TimeoutsAreSecondsUnlessTheySay) {
    EXPECT_EQ(parse_timeout("30"), milliseconds(30'000));
    EXPECT_EQ(parse_timeout("0.5"), milliseconds(500));
    EXPECT_EQ(parse_timeout("250ms"), milliseconds(250));
    for (const char* bad : {"", "0", "0ms", "-1", "soon", "99999999999"}) {
        EXPECT_EQ(parse_timeout(bad), std::nullopt) << bad;
    }
}

TEST(Units, DatesAreOfTheCalendarAndInUtc) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    EXPECT_EQ(parse_date("1970-01-01"), 0U);
    EXPECT_EQ(parse_date("2001-09-09T01:46:40"), 1'000'000'000 * kSecond);
    EXPECT_EQ(parse_date("2024-02-29T23:59:59"), 1'709'251'199 * kSecond);
    EXPECT_EQ(parse_date("2261-12-31"), 9'214'560'000 * kSecond);
    for (const char* bad :
         {"", "now", "2025", "2025-1-1", "2025-02-29", "2025-13-01", "2025-00-01", "1969-12-31", "2262-01-01",
          "2025-01-01 00:00:00", "2025-01-01T24:00:00", "2025-01-01T00:60:00", "2025-01-01T00:00:60",
          "2025-01-01T00:00:00Z", "2025/01/01", "+025-01-01"}) {
        EXPECT_EQ(parse_date(bad), std::nullopt) << bad;
    }
}

TEST(Units, AreDescribedForPeople) {
    EXPECT_EQ(describe_size(17), "17 bytes");
    EXPECT_EQ(describe_size(128U << 20), "128 MiB");
    EXPECT_EQ(describe_size(1536), "1.5 KiB");
    EXPECT_EQ(describe_time({250}), "250 ns");
    EXPECT_EQ(describe_time({12'000'000}), "12.000 ms");
    EXPECT_EQ(describe_time({1'500'000'000}), "1.500000 s");
}

}  // namespace
}  // namespace backspin::cli
