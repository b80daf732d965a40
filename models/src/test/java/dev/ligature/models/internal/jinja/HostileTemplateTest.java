package dev.ligature.models.internal.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A template is a stranger's program: it ends, stays small and reaches nothing. */
final class HostileTemplateTest {
    private static final ZonedDateTime NOW =
            ZonedDateTime.of(2026, 3, 4, 5, 6, 7, 0, ZoneOffset.UTC);
    private static final Limits SMALL = new Limits(200_000, 200_000);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m(a) %}{{ a() }}{% endmacro %}{{ m(m) }}",
                "{{ 'x' * 2000000000 }}",
                "{{ [0] * 2000000000 }}",
                "{{ range(2000000000) }}",
                "{{ range(0, 2000000000, 1)|list }}",
                "{{ 'x'.center(2000000000) }}{{ 'x'|center(2000000000) }}",
                "{{ 'x'|indent(2000000000) }}",
                "{{ '%2000000000d' % 1 }}",
                "{{ [1]|batch(2000000000, 0) }}",
                "{{ 2 ** 4000 }}",
                "{{ 9223372036854775807 + 1 }}",
                "{% set n = namespace(s='x') %}{% for i in range(100) %}{% set n.s = n.s ~ n.s %}"
                        + "{% endfor %}",
                "{% set n = namespace(s='x') %}{% for i in range(100) %}"
                        + "{% set n.s = n.s.replace('x', 'xx') %}{% endfor %}",
                "{% set n = namespace(s='x') %}{% for i in range(100) %}"
                        + "{% set n.s = [n.s, n.s]|join %}{% endfor %}",
                "{% set n = namespace(l=[]) %}{% for i in range(1000) %}{% set n.l = [n.l] %}"
                        + "{% endfor %}{{ n.l }}",
                "{% set n = namespace(l=[]) %}{% for i in range(1000) %}{% set n.l = [n.l] %}"
                        + "{% endfor %}{{ n.l|tojson }}",
                "{% set n = namespace(l=[], m=[]) %}{% for i in range(1000) %}{% set n.l = [n.l] %}"
                        + "{% set n.m = [n.m] %}{% endfor %}{{ n.l == n.m }}",
                "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{{ ''.__class__.__mro__[1].__subclasses__() }}",
                "{{ messages.getClass().forName('java.lang.Runtime') }}",
                "{{ raise_exception.__globals__.x }}",
                "{% include '/etc/passwd' %}",
                "{% import 'os' as os %}",
                "{% extends 'x' %}"
            })
    void aTemplateThatDoesTooMuch_isRefused(String template) {
        assertTimeoutPreemptively(
                Duration.ofSeconds(20),
                () -> assertThrows(JinjaException.class, () -> render(template, SMALL)));
    }

    @Test
    void deepNesting_isRefusedBeforeTheStackEnds() {
        for (String open : List.of("(", "[", "{'a':", "not ", "-", "a[", "a(", "1 if ")) {
            String template = "{{ " + open.repeat(5_000);
            assertThrows(JinjaException.class, () -> render(template, SMALL), open);
        }
        String blocks = "{% if true %}".repeat(5_000);
        assertThrows(JinjaException.class, () -> render(blocks, SMALL));
    }

    @Test
    void aLongTemplate_isReadInTime() {
        String quotes = "{{ '" + "\\'".repeat(200_000) + "' }}";
        String blanks = "{{ 1 " + " ".repeat(200_000) + "-}} x";
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> {
                    assertEquals(200_000, render(quotes, Limits.DEFAULT).length());
                    assertEquals("1x", render(blanks, Limits.DEFAULT));
                });
    }

    @Test
    void values_stayAsTheyAre() {
        List<Object> list = new ArrayList<>(List.of(3L, 1L));
        Template template =
                Template.parse("{{ l|sort }}{{ l|reverse|list }}{{ l + [5] }}{{ l.copy() }}");

        template.render(Map.of("l", list), NOW, SMALL);

        assertEquals(List.of(3L, 1L), list);
    }

    @Test
    void anError_namesTheLine() {
        JinjaException syntax =
                assertThrows(JinjaException.class, () -> Template.parse("a\nb {{ 1 + }}"));
        assertEquals(2, syntax.line());
        JinjaException failed =
                assertThrows(
                        JinjaException.class,
                        () -> render("{% if true %}\n\n{{ nobody.name }}{% endif %}", SMALL));
        assertEquals(3, failed.line());
        assertTrue(failed.text().contains("'nobody' is undefined"), failed.text());
    }

    @Test
    void partsOfGenerationBlocks_areWhereTheTextIs() {
        Rendered rendered =
                Template.parse(
                                "a{% for m in l %}[{% generation %}{{ m }}{% endgeneration %}]"
                                        + "{% endfor %}")
                        .render(Map.of("l", List.of("xy", "z")), NOW, SMALL);

        assertEquals("a[xy][z]", rendered.text());
        assertEquals(
                List.of("xy", "z"),
                rendered.generated().stream()
                        .map(part -> rendered.text().substring(part.begin(), part.end()))
                        .toList());
    }

    private static String render(String template, Limits limits) {
        return Template.parse(template).render(Map.of("messages", List.of()), NOW, limits).text();
    }
}
