package dev.ligature.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.processor.model.ModuleName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModuleNameTest {
    @ParameterizedTest
    @CsvSource({
        "qProj,q_proj",
        "fc1Out,fc1_out",
        "lmHEAD,lm_head",
        "norm,norm",
        "a_b,a_b",
        "x2,x2",
        "layer10Norm,layer10_norm",
        "ABTest,abtest",
        "queryKeyValue,query_key_value"
    })
    void aFieldNameBecomesSnakeCase(String field, String name) {
        assertEquals(name, ModuleName.ofField(field));
    }

    @ParameterizedTest
    @CsvSource({
        "q_proj,Q_PROJ",
        "self.query,SELF_QUERY",
        "w-1,W_1",
        "0,_0",
        "_,__",
        "0.weight,_0_WEIGHT",
        "queryKey,QUERY_KEY",
        "class,CLASS"
    })
    void aModuleNameBecomesAConstant(String name, String constant) {
        assertEquals(constant, ModuleName.constant(name));
    }

    @ParameterizedTest
    @CsvSource({
        "q_proj,true",
        "a.b-c.0,true",
        "é,true",
        "'',false",
        ".a,false",
        "a.,false",
        "a..b,false",
        "a b,false",
        "a*,false",
        "*,false",
        "$a,false",
        "a/b,false"
    })
    void aNameHasSegmentsOfLettersAndDigits(String name, boolean isValid) {
        assertEquals(isValid, ModuleName.isValid(name));
    }
}
